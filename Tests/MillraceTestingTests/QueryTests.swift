import Millrace
import MillraceTesting
import Testing

@Suite("Queries of a driver's stores")
struct QueryTests {
    private func driver(
        onDisk isOnDisk: Bool, partitions: PartitionCounts = 1, _ define: (StreamsBuilder) -> Void
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        define(builder)
        return try TopologyTestDriver(
            builder.build(), partitions: partitions, storage: isOnDisk ? .simulatedDisk : .memory)
    }

    /// No restart, then each way to restart an instance; handles stay valid.
    private let restarts = [nil] + InstanceEnding.allCases.map(Optional.some)

    private func restart(_ driver: TopologyTestDriver, _ ending: InstanceEnding?) throws {
        if let ending { try driver.restart(ending) }
    }

    @Test("points, ranges, prefixes and counts of a table, with its timestamps and without", arguments: [false, true])
    func keyValue(onDisk: Bool) throws {
        let driver = try driver(onDisk: onDisk) { builder in
            builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("counts"))
                .toStream().to("out")
        }
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: "x", timestampMs: 1)
        let counts = try driver.store(.keyValue("counts", key: .string, value: .int64))
        let timestamped = try driver.store(.timestampedKeyValue("counts", key: .string, value: .int64))
        for key in ["ab", "b", "c", "a"] { try input.pipe(key: key, value: "x", timestampMs: 5) }
        for ending in restarts {
            try restart(driver, ending)
            #expect(try counts.get("a") == 2)
            #expect(try counts.get("z") == nil)
            #expect(try timestamped.get("a") == ValueAndTimestamp(value: 2, timestampMs: 5))
            #expect(try counts.entries().map(\.key) == ["a", "ab", "b", "c"])
            #expect(try counts.entries(from: "ab", through: "b").map(\.key) == ["ab", "b"])
            #expect(try counts.entries(reversed: true, limit: 2).map(\.key) == ["c", "b"])
            #expect(try counts.entries(withPrefix: Array("a".utf8)).map(\.value) == [2, 1])
            #expect(try counts.count() == 4)
        }
    }

    @Test("tombstones remove entries", arguments: [false, true])
    func deletions(onDisk: Bool) throws {
        let driver = try driver(onDisk: onDisk) {
            $0.table("table", key: .string, value: .string, into: .store("table-store"))
        }
        let input = driver.inputTopic("table", key: .string, value: .string)
        let table = try driver.store(.keyValue("table-store", key: .string, value: .string))
        try input.pipe(keyValues: [("a", "1"), ("b", "1")])
        try driver.checkpoint()
        try input.pipe(keyValues: [("a", nil), ("b", "2")])
        for ending in restarts {
            try restart(driver, ending)
            #expect(try table.get("a") == nil)
            #expect(try table.entries().map(\.value) == ["2"])
        }
    }

    @Test("several partitions: a key is found wherever it is, and scans visit all partitions in order")
    func partitions() throws {
        let driver = try driver(onDisk: true, partitions: 4) { builder in
            builder.stream("in", key: .string, value: .string).groupByKey().count(into: .store("counts"))
                .toStream().to("out")
        }
        let input = driver.inputTopic("in", key: .string, value: .string)
        let keys = (0..<40).map { "k\(100 + $0)" }
        for key in keys { try input.pipe(key: key, value: "x") }
        // Another program may partition differently.
        try input.pipe(key: "odd", value: "x", partition: 3)
        try input.pipe(key: "even", value: "x", partition: 2)
        let counts = try driver.store(.keyValue("counts", key: .string, value: .int64))
        for key in keys + ["odd", "even"] { #expect(try counts.get(key) == 1) }
        #expect(try counts.entries().map(\.key) == ["even"] + keys + ["odd"])
        #expect(try counts.entries(from: "k1", reversed: true, limit: 3).map(\.key) == ["odd", "k139", "k138"])
        let third = try driver.store(.keyValue("counts", key: .string, value: .int64).partition(3))
        #expect(try third.get("odd") == 1)
        #expect(try third.get("even") == nil)
        #expect(throws: StreamsError.self) {
            _ = try driver.store(.keyValue("counts", key: .string, value: .int64).partition(4)).get("odd")
        }
    }

    @Test("windows of a key, of a range of keys, of all; expired ones are gone", arguments: [false, true])
    func windows(onDisk: Bool) throws {
        let driver = try driver(onDisk: onDisk) { builder in
            builder.stream("in", key: .string, value: .string).groupByKey()
                .windowedBy(.tumbling(.seconds(60))).count(into: .store("views")).toStream()
                .selectKey { windowed, _ in windowed?.key }.to("out", key: .string, value: .int64)
        }
        let input = driver.inputTopic("in", key: .string, value: .string)
        let views = try driver.store(.window("views", key: .string, value: .int64))
        let timestamped = try driver.store(.timestampedWindow("views", key: .string, value: .int64))
        for (key, timeMs) in [("a", 0), ("b", 10), ("a", 20), ("a", 60_000), ("aa", 70_000)] as [(String, Int64)] {
            try input.pipe(key: key, value: "x", timestampMs: timeMs)
        }
        for ending in restarts {
            try restart(driver, ending)
            #expect(try views.fetch("a", startMs: 0) == 2)
            #expect(try views.fetch("a", startMs: 120_000) == nil)
            #expect(try timestamped.fetch("a", startMs: 0) == ValueAndTimestamp(value: 2, timestampMs: 20))
            #expect(try views.fetch("a").map(\.value) == [2, 1])
            #expect(try views.fetch("a", reversed: true, limit: 1).map(\.startMs) == [60_000])
            #expect(try views.fetch("a", starting: 1...60_000).map(\.value) == [1])
            #expect(try views.fetchAll().map(\.key).sorted() == ["a", "a", "aa", "b"])
            #expect(try views.fetchAll(from: "aa", through: "b").map(\.key).sorted() == ["aa", "b"])
            #expect(try views.fetchAll(starting: 60_000...60_000).map(\.key).sorted() == ["a", "aa"])
        }
        try input.pipe(key: "a", value: "x", timestampMs: 1_000_000_000)
        #expect(try views.fetch("a", startMs: 0) == nil)
        #expect(try views.fetchAll().count == 1)
    }

    @Test("sessions of a key and of all", arguments: [false, true])
    func sessions(onDisk: Bool) throws {
        let driver = try driver(onDisk: onDisk) { builder in
            builder.stream("in", key: .string, value: .string).groupByKey()
                .windowedBy(.session(gap: .seconds(60))).count(into: .store("visits")).toStream()
                .selectKey { windowed, _ in windowed?.key }.to("out", key: .string, value: .int64)
        }
        let input = driver.inputTopic("in", key: .string, value: .string)
        let visits = try driver.store(.session("visits", key: .string, value: .int64))
        for (key, timeMs) in [("a", 0), ("a", 10), ("b", 20), ("a", 50_000)] as [(String, Int64)] {
            try input.pipe(key: key, value: "x", timestampMs: timeMs)
        }
        for ending in restarts {
            try restart(driver, ending)
            #expect(try visits.fetch("a", Window(startMs: 0, endMs: 50_000)) == 3)
            #expect(try visits.fetch("a", Window(startMs: 0, endMs: 10)) == nil)
            #expect(try visits.fetch("a").map(\.value) == [3])
            #expect(try visits.fetch("b", endingAtOrAfter: 21).isEmpty)
            #expect(try visits.fetchAll().map(\.key).sorted() == ["a", "b"])
        }
    }

    @Test("versions of a key, as of a time and one after the other", arguments: [false, true])
    func versions(onDisk: Bool) throws {
        let driver = try driver(onDisk: onDisk) { builder in
            builder.table(
                "prices", key: .string, value: .double, into: .versioned("prices", historyRetention: .seconds(3_600)))
        }
        let input = driver.inputTopic("prices", key: .string, value: .double)
        let prices = try driver.store(.versionedKeyValue("prices", key: .string, value: .double))
        for (value, timeMs) in [(1, 1_000), (2, 2_000), (nil, 3_000), (4, 4_000)] as [(Double?, Int64)] {
            try input.pipe(key: "apple", value: value, timestampMs: timeMs)
        }
        try input.pipe(key: "apples", value: 9, timestampMs: 1_500)
        for ending in restarts {
            try restart(driver, ending)
            #expect(try prices.get("apple") == ValueAndTimestamp(value: 4, timestampMs: 4_000))
            #expect(try prices.get("apple", asOfMs: 2_500)?.value == 2)
            #expect(try prices.get("apple", asOfMs: 3_500) == nil)
            #expect(try prices.get("pear") == nil)
            #expect(
                try prices.versions(of: "apple") == [
                    .init(value: 1, validFromMs: 1_000, validToMs: 2_000),
                    .init(value: 2, validFromMs: 2_000, validToMs: 3_000),
                    .init(value: 4, validFromMs: 4_000, validToMs: nil),
                ])
            #expect(try prices.versions(of: "apple", validWithin: 2_000...3_999).map(\.value) == [2])
            #expect(
                try prices.versions(of: "apple", validWithin: 1_999...4_000, newestFirst: true).map(\.value) == [
                    4, 2, 1,
                ])
            #expect(try prices.versions(of: "apples").map(\.value) == [9])
        }
    }

    @Test("global tables are also read")
    func globalTable() throws {
        let driver = try driver(onDisk: false) { builder in
            let countries = builder.globalTable("countries", key: .string, value: .string, into: .store("countries"))
            builder.stream("in", key: .string, value: .string)
                .join(countries) { key, _ in
                    key
                } joiner: {
                    $0 + $1
                }.to("out")
        }
        try driver.inputTopic("countries", key: .string, value: .string).pipe(key: "ch", value: "Switzerland")
        let countries = try driver.store(.keyValue("countries", key: .string, value: .string))
        #expect(try countries.get("ch") == "Switzerland")
        #expect(try countries.entries().map(\.key) == ["ch"])
    }

    @Test("the stores of processors, with a changelog or without", arguments: [false, true], [false, true])
    func processorStores(isLogged: Bool, onDisk: Bool) throws {
        let last = Stores.keyValue("last", key: .string, value: .string)
        let store = isLogged ? last : last.withoutChangelog()
        let driver = try driver(onDisk: onDisk) { builder in
            builder.stream("in", key: .string, value: .string)
                .processValues(stores: [store]) { (context: FixedKeyProcessorContext<String, String>) in
                    let last = try context.store(store)
                    return { record in
                        guard let key = record.key else { return }
                        try last.put(key, record.value)
                        try context.forward(record)
                    }
                }.to("out")
        }
        let view = try driver.store(.keyValue("last", key: .string, value: .string))
        try driver.inputTopic("in", key: .string, value: .string).pipe(keyValues: [("a", "1"), ("a", "2"), ("b", "1")])
        #expect(try view.get("a") == "2")
        #expect(try view.entries().map(\.value) == ["2", "1"])
    }

    @Test("a handle for a missing store, or for one of another kind, is refused with the stores that exist")
    func refused() throws {
        let driver = try driver(onDisk: false) {
            $0.table("table", key: .string, value: .string, into: .store("table-store"))
        }
        let unknown = #expect(throws: StreamsError.self) {
            try driver.store(.keyValue("tabel-store", key: .string, value: .string))
        }
        #expect(unknown?.message == "the topology has no store tabel-store; it has table-store")
        let mismatch = #expect(throws: StreamsError.self) {
            try driver.store(.keyValue("table-store", key: .string, value: .int64))
        }
        #expect(
            mismatch?.message == "the store table-store has keys of type String and values of type String, "
                + "but is asked for keys of type String and values of type Int64")
    }
}
