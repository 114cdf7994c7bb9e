import Millrace
import MillraceEngine
import MillraceRuntime
import MillraceTesting
import TestSupport
import Testing

/// Stores that entries of extreme times are put into and ranges of extreme times read from, against a dictionary.
@Suite("Stores at the ends of time")
struct ExtremeStoreTests {
    private static let forever = Duration.milliseconds(Int64.max)

    private func driver(
        _ store: StoreBuilder<some Any>, isOnDisk: Bool, in directory: TestDirectory
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .process(stores: [store]) { (_: ProcessorContext<Never, Never>) in { _ in } }
        return try TopologyTestDriver(
            builder.build(), storage: isOnDisk ? .rocksDB(in: directory.path) : .memory)
    }

    /// Two moments in their order, any that there are.
    private func range(_ random: inout SeededNumbers) -> ClosedRange<Int64> {
        let (one, other) = (ExtremeTimes.anyMs(&random), ExtremeTimes.anyMs(&random))
        return min(one, other)...max(one, other)
    }

    @Test("a window store finds what starts within a range, in both directions", arguments: [false, true])
    func windows(isOnDisk: Bool) throws {
        let directory = try TestDirectory()
        for seed in ExtremeTimes.seeds(isOnDisk ? 10 : 60) {
            var random = SeededNumbers(seed: seed)
            let builder = Stores.window("windows-\(seed)", key: .string, value: .int64, retention: Self.forever)
            let driver = try driver(builder, isOnDisk: isOnDisk, in: directory)
            defer { driver.close() }
            let store = try #require(try driver.store(builder))
            var model: [Int64: Int64] = [:]
            for number in 0..<40 as Range<Int64> {
                let startMs = ExtremeTimes.timestampMs(&random)
                try store.put("k", number, startMs: startMs, timestampMs: ExtremeTimes.timestampMs(&random))
                model[startMs] = number
                let range = range(&random)
                let expected = model.filter { range.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
                #expect(try store.fetch("k", starting: range).map(\.value) == expected, "seed \(seed), \(range)")
                #expect(
                    try store.fetch("k", starting: range, reversed: true).map(\.value) == expected.reversed(),
                    "seed \(seed), \(range)")
                var all: Set<Int64> = []
                try store.fetchAll(starting: range) { _, _, value in all.insert(value).inserted }
                #expect(all == Set(expected), "seed \(seed), \(range)")
            }
        }
    }

    @Test("a session store finds what ends and starts in time, in both directions", arguments: [false, true])
    func sessions(isOnDisk: Bool) throws {
        let directory = try TestDirectory()
        for seed in ExtremeTimes.seeds(isOnDisk ? 10 : 60) {
            var random = SeededNumbers(seed: seed)
            let builder = Stores.session("sessions-\(seed)", key: .string, value: .int64, retention: Self.forever)
            let driver = try driver(builder, isOnDisk: isOnDisk, in: directory)
            defer { driver.close() }
            let store = try #require(try driver.store(builder))
            var model: [Window: Int64] = [:]
            for number in 0..<40 as Range<Int64> {
                let (one, other) = (ExtremeTimes.timestampMs(&random), ExtremeTimes.timestampMs(&random))
                let session = Window(startMs: min(one, other), endMs: max(one, other))
                try store.put("k", number, session: session, timestampMs: ExtremeTimes.timestampMs(&random))
                model[session] = number
                let (earliestEndMs, latestStartMs) = (ExtremeTimes.anyMs(&random), ExtremeTimes.anyMs(&random))
                let expected = model.filter { $0.key.endMs >= earliestEndMs && $0.key.startMs <= latestStartMs }
                    .sorted { ($0.key.endMs, $0.key.startMs) < ($1.key.endMs, $1.key.startMs) }.map(\.value)
                for reversed in [false, true] {
                    let found = try store.fetch(
                        "k", endingAtOrAfter: earliestEndMs, startingAtOrBefore: latestStartMs, reversed: reversed)
                    #expect(
                        found.map(\.value) == (reversed ? expected.reversed() : expected),
                        "seed \(seed), \(earliestEndMs), \(latestStartMs)")
                }
                let range = range(&random)
                var all: Set<Int64> = []
                try store.fetchAll(ending: range) { _, _, value in all.insert(value).inserted }
                #expect(all == Set(model.filter { range.contains($0.key.endMs) }.values), "seed \(seed), \(range)")
            }
        }
    }

    @Test("a versioned store has what was valid at a moment", arguments: [false, true])
    func versions(isOnDisk: Bool) throws {
        let directory = try TestDirectory()
        for seed in ExtremeTimes.seeds(isOnDisk ? 10 : 60) {
            var random = SeededNumbers(seed: seed)
            let builder = Stores.versionedKeyValue(
                "versions-\(seed)", key: .string, value: .int64, historyRetention: Self.forever)
            let driver = try driver(builder, isOnDisk: isOnDisk, in: directory)
            defer { driver.close() }
            let store = try #require(try driver.store(builder))
            var model: [Int64: Int64?] = [:]
            for number in 0..<40 as Range<Int64> {
                let timestampMs = ExtremeTimes.timestampMs(&random)
                let value = Int.random(in: 0..<5, using: &random) == 0 ? nil : number
                #expect(try store.put("k", value, timestampMs: timestampMs), "seed \(seed), \(timestampMs)")
                model[timestampMs] = .some(value)
                let moment = ExtremeTimes.anyMs(&random)
                let valid = model.filter { $0.key <= moment }.max { $0.key < $1.key }?.value ?? nil
                #expect(try store.get("k", asOfMs: moment)?.value == valid, "seed \(seed), \(moment)")
                let latest = model.max { $0.key < $1.key }?.value ?? nil
                #expect(try store.get("k")?.value == latest, "seed \(seed)")
            }
        }
    }

    @Test("a store that forgets takes entries of any time and keeps the newest", arguments: [false, true])
    func retention(isOnDisk: Bool) throws {
        let directory = try TestDirectory()
        for seed in ExtremeTimes.seeds(isOnDisk ? 10 : 60) {
            var random = SeededNumbers(seed: seed)
            let retention = ExtremeTimes.duration(&random)
            let builder = Stores.window("forgetful-\(seed)", key: .string, value: .int64, retention: retention)
            let driver = try driver(builder, isOnDisk: isOnDisk, in: directory)
            defer { driver.close() }
            let store = try #require(try driver.store(builder))
            var newest: (startMs: Int64, value: Int64) = (-1, -1)
            for number in 0..<40 as Range<Int64> {
                let startMs = ExtremeTimes.timestampMs(&random)
                try store.put("k", number, startMs: startMs, timestampMs: startMs)
                if startMs >= newest.startMs { newest = (startMs, number) }
                let isKept = retention >= .milliseconds(1)
                let found = try store.fetch("k", startMs: newest.startMs)
                #expect(found == newest.value || !isKept && found == nil, "seed \(seed), \(retention)")
                _ = try store.fetch("k", starting: range(&random))
            }
        }
    }
}
