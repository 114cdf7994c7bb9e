import Millrace
import MillraceEngine
import MillraceTesting
import Scenarios
import TestSupport
import Testing

/// Every operator that keeps state, with records of extreme times.
@Suite("Operators at the ends of time")
struct ExtremeTimeTests {
    @Test(
        "no time of a record ends the task, and the results are the same with the instance ending after each few records",
        arguments: StatefulOperator.all.map(\.name))
    func extremes(name: String) throws {
        let stateful = try #require(StatefulOperator.all.first { $0.name == name })
        for seed in ExtremeTimes.seeds(6) {
            let simulation = Self.retimed(stateful.simulation, seed: seed)
            let expected = try simulation.driven(seed: seed, storage: .memory, ending: nil)
            for values in expected.results.outputs.values.flatMap(\.values).joined() {
                #expect(values.timestampMs >= 0, "seed \(seed)")
            }
            for storage in [StateStorage.memory, .simulatedDisk] {
                let ending = InstanceEnding.allCases[Int(seed) % InstanceEnding.allCases.count]
                let found = try simulation.driven(seed: seed, storage: storage, ending: ending)
                switch stateful.afterRestarts {
                case .sameRecords: #expect(found.lines == expected.lines, "\(ending), seed \(seed)")
                case .sameRecordsInAnyOrder:
                    #expect(
                        found.lines.mapValues { $0.sorted() } == expected.lines.mapValues { $0.sorted() },
                        "\(ending), seed \(seed)")
                case .rules: break
                }
            }
        }
    }

    /// The simulation with some of its records, or all of them, at other times.
    private static func retimed(_ simulation: Simulation, seed: UInt64) -> Simulation {
        var changed = simulation
        let inputs = simulation.inputs
        let share = [1, 2, 10][Int(seed % 3)]
        changed.inputs = { random in
            inputs(&random).map { record in
                guard Int.random(in: 0..<share, using: &random) == 0 else { return record }
                var record = record
                record.timestampMs = ExtremeTimes.timestampMs(&random)
                return record
            }
        }
        return changed
    }
}
