import Millrace
import MillraceTesting
import Testing

/// Stores of windows, sessions and versions with any retention, at any time that a record can bring.
@Suite("Stores at the ends of time")
struct StoreTimeTests {
    private static let times: [Int64] = [0, 1, 60_000, .max / 2, .max - 1, .max, 5]
    private static let retentions: [Duration] = [
        .zero, .milliseconds(1), .seconds(60), .milliseconds(Int64.max - 1), .milliseconds(Int64.max),
        .seconds(Int64.max),
    ]

    /// Puts a value at each time, looks for everything, and returns what is found at the end.
    private func outcomes<Found: Sendable>(
        of store: StoreBuilder<some Any>, ending: InstanceEnding,
        put: @escaping @Sendable (ProcessorContext<Never, Never>, Int64) throws -> Found
    ) throws -> [Found] {
        let builder = StreamsBuilder()
        let all = Collected<Found>()
        builder.stream("in", key: .string, value: .string).process(stores: [store]) {
            (context: ProcessorContext<Never, Never>) in
            return { record in all.values.append(try put(context, record.timestampMs)) }
        }
        let driver = try TopologyTestDriver(builder.build(), storage: .simulatedDisk)
        let input = driver.inputTopic("in", key: .string, value: .string)
        for (index, time) in Self.times.enumerated() {
            if index == 4 { try driver.restart(ending) }
            try input.pipe(key: "a", value: "x", timestampMs: time)
        }
        return all.values
    }

    private final class Collected<Value>: @unchecked Sendable {
        // The driver calls the topology's closures on the test's own thread.
        var values: [Value] = []
    }

    @Test(
        "the newest window is there and what has expired is not, whatever the times and the retention",
        arguments: retentions, InstanceEnding.allCases)
    func windows(retention: Duration, ending: InstanceEnding) throws {
        let builder = Stores.window("w", key: .string, value: .int64, retention: retention)
        let found = try outcomes(of: builder, ending: ending) { context, timestampMs -> [Int64] in
            let store = try context.store(builder)
            try store.put("a", timestampMs, startMs: timestampMs, timestampMs: timestampMs)
            let all = try store.fetch("a", starting: Int64.min...Int64.max).map(\.value)
            var inAll: [Int64] = []
            try store.fetchAll(starting: Int64.min...Int64.max, reversed: true) { _, startMs, _ in
                inAll.append(startMs)
                return true
            }
            #expect(inAll == all.reversed())
            #expect(try store.fetch("a", starting: Int64.min ... -1).isEmpty)
            #expect(try store.fetch("a", startMs: timestampMs) == (all.contains(timestampMs) ? timestampMs : nil))
            return all
        }
        #expect(found[5].last == .max)
        #expect(found[6].contains(5) == (retention >= .milliseconds(Int64.max - 5)))
        #expect(found[4].contains(.max / 2) == (retention >= .milliseconds(Int64.max / 2)))
    }

    @Test(
        "the session that ends last is there, whatever the times and the retention",
        arguments: retentions, InstanceEnding.allCases)
    func sessions(retention: Duration, ending: InstanceEnding) throws {
        let builder = Stores.session("s", key: .string, value: .int64, retention: retention)
        let found = try outcomes(of: builder, ending: ending) { context, timestampMs -> [Int64] in
            let store = try context.store(builder)
            try store.put("a", timestampMs, session: Window(startMs: 0, endMs: timestampMs), timestampMs: timestampMs)
            return try store.fetch("a", endingAtOrAfter: .min).map(\.session.endMs)
        }
        #expect(found[5].last == .max)
        #expect(found[6].contains(5) == (retention >= .milliseconds(Int64.max - 60_000)))
    }

    @Test(
        "a versioned store has the version of a moment as far back as its history goes, whatever the times",
        arguments: retentions, InstanceEnding.allCases)
    func versions(retention: Duration, ending: InstanceEnding) throws {
        let builder = Stores.versionedKeyValue("v", key: .string, value: .int64, historyRetention: retention)
        let found = try outcomes(of: builder, ending: ending) { context, timestampMs -> Int64? in
            let store = try context.store(builder)
            let isTaken = try store.put("a", timestampMs, timestampMs: timestampMs)
            #expect(try store.get("a", asOfMs: .min) == nil)
            #expect(try store.get("a", asOfMs: -1) == nil)
            #expect(try store.get("a", asOfMs: .max)?.value == store.get("a")?.value)
            if !isTaken { return -1 }
            return try store.get("a", asOfMs: timestampMs)?.value
        }
        #expect(found.prefix(6).elementsEqual(Self.times.prefix(6).map(Optional.some)))
        #expect((found[6] == 5) == (retention >= .milliseconds(Int64.max - 5)))
    }
}
