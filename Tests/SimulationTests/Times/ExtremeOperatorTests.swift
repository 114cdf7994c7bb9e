import Millrace
import MillraceEngine
import MillraceTesting
import Scenarios
import Testing

/// Runs every operator of the list of those that keep state, over records of any time.
@Suite("Operators at the ends of time")
struct ExtremeOperatorTests {
    /// The records' times.
    enum Times: CaseIterable {
        /// Anywhere.
        case random
        /// The usual distances, right before the end of time.
        case atTheEnd
        /// The usual times, until one leaps far ahead, and the usual distances again after it.
        case leap
    }

    @Test(
        "results do not depend on restarts, and a window holds the time of its result",
        arguments: StatefulOperator.all.map(\.name))
    func operators(name: String) throws {
        let stateful = try #require(StatefulOperator.all.first { $0.name == name })
        for seed in ExtremeTimes.seeds(1) {
            for times in Times.allCases {
                ExtremeTimes.announce("\(name), \(times)", seed: seed)
                let storage: StateStorage = seed % 2 == 0 ? .simulatedDisk : .memory
                func results(_ ending: InstanceEnding?) throws -> DrivenResults {
                    try stateful.simulation.driven(seed: seed, storage: storage, ending: ending) {
                        Self.change(&$0, times, seed: seed)
                    }
                }
                let expected = try results(nil)
                Self.checkWindows(expected, "\(name), \(times), seed \(seed)")
                for ending in InstanceEnding.allCases {
                    let found = try results(ending)
                    switch stateful.afterRestarts {
                    case .sameRecords:
                        #expect(found.lines == expected.lines, "\(times), \(ending), seed \(seed)")
                    case .sameRecordsInAnyOrder:
                        #expect(
                            found.lines.mapValues { $0.sorted() } == expected.lines.mapValues { $0.sorted() },
                            "\(times), \(ending), seed \(seed)")
                    case .rules: Self.checkWindows(found, "\(name), \(times), \(ending), seed \(seed)")
                    }
                }
            }
        }
    }

    private static func change(_ records: inout [SimulatedRecord], _ times: Times, seed: UInt64) {
        var extremes = ExtremeTimes(seed: seed)
        let last = records.map(\.timestampMs).max() ?? 0
        let leap = extremes.number(0..<max(1, records.count))
        for index in records.indices {
            switch times {
            case .random: records[index].timestampMs = extremes.recordTimeMs()
            case .atTheEnd: records[index].timestampMs = .max - (last - records[index].timestampMs)
            case .leap: if index == leap { records[index].timestampMs = extremes.recordTimeMs() }
            }
        }
    }

    /// Checks that results with a key `key@start/end` have a time within their window.
    private static func checkWindows(_ results: DrivenResults, _ context: String) {
        for (topic, values) in results.results.outputs {
            for (key, values) in values {
                #expect(values.allSatisfy { $0.timestampMs >= 0 }, "\(context), \(topic)")
                guard let window = String(decoding: key ?? [], as: UTF8.self).wholeMatch(of: /.*@(-?\d+)\/(-?\d+)/),
                    let start = Int64(window.1), let end = Int64(window.2)
                else { continue }
                #expect(0 <= start && start <= end, "\(context), \(topic), \(window.0)")
                #expect(
                    values.allSatisfy { $0.bytes == nil || (start...end).contains($0.timestampMs) },
                    "\(context), \(topic), \(window.0): \(values.map(\.timestampMs))")
            }
        }
    }
}
