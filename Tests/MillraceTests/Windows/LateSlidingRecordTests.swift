import Millrace
import MillraceTesting
import Testing

/// A record that is too late for the sliding window that ends with it, and in time for others.
@Suite("Partly late records of sliding windows")
struct LateSlidingRecordTests {
    /// The third one is too late for the window from 1,000 to 1,100. The fourth one's begins at 1,020.
    private static let records: [(value: String, atMs: Int64)] = [
        ("1", 1_050), ("2", 1_160), ("3", 1_100), ("4", 1_120),
    ]

    private func run(
        isCached: Bool, compatibility: Compatibility, restarting ending: InstanceEnding?
    ) throws -> TopologyTestDriver {
        let builder = StreamsBuilder(compatibility: compatibility)
        let store = Materialized<String, String>.store("sums")
        builder.stream("in", key: .string, value: .string).groupByKey()
            .windowedBy(.sliding(.milliseconds(100), grace: .milliseconds(50)))
            .reduce(into: isCached ? store : store.withoutCache()) { $0 + $1 }
            .lines().to("out")
        let driver = try TopologyTestDriver(builder.build(), storage: .simulatedDisk)
        for record in Self.records {
            try driver.inputTopic("in", key: .string, value: .string)
                .pipe(key: "k", value: record.value, timestampMs: record.atMs)
            if let ending { try driver.restart(ending) }
        }
        return driver
    }

    @Test(
        "are in the windows that are made after them, over restarts too", arguments: [false, true],
        [nil, .clean, .crash, .losingState] as [InstanceEnding?])
    func remembered(isCached: Bool, ending: InstanceEnding?) throws {
        let driver = try run(isCached: isCached, compatibility: .none, restarting: ending)
        let sums = try driver.store(.window("sums", key: .string, value: .string))
        let found = try sums.fetchAll().sorted { $0.startMs < $1.startMs }.map { "\($0.startMs)=\($0.value)" }
        // Nobody sees the window that was closed.
        #expect(found == ["950=1", "1020=134", "1051=34", "1060=234", "1101=24", "1121=2"])
        #expect(try sums.fetch("k", starting: 0...2_000).count == 6)
        #expect(try sums.fetch("k", startMs: 1_000) == nil)
        let windows = try driver.outputTopic("out", key: .string, value: .string).readRecords().map { $0.key ?? "" }
        #expect(windows.count == 10)
        #expect(!windows.contains { $0.contains("@1000/") })
        #expect(driver.droppedRecords[.expired] == 1)
    }

    @Test("are not, as in Kafka Streams 4.1.2, if its results are asked for")
    func compatible() throws {
        let driver = try run(isCached: false, compatibility: .kafkaStreams, restarting: nil)
        let sums = try driver.store(.window("sums", key: .string, value: .string))
        #expect(try sums.fetch("k", startMs: 1_020) == "14")
        #expect(try sums.fetch("k", startMs: 1_060) == "234")
    }
}
