import Anomalies
import Millrace
import MillraceTesting
import Testing

@Suite("Anomalies")
struct AnomalyTests {
    private let driver: TopologyTestDriver

    init() throws {
        let builder = StreamsBuilder()
        AnomalyTopology().define(in: builder)
        let topology = try builder.build()
        driver = try TopologyTestDriver(topology, storage: .simulatedDisk)
    }

    private func read(_ value: Double, of sensor: String = "s", at second: Int64) throws {
        try driver.inputTopic(AnomalyTopology.readings, key: .string, value: .json(Reading.self))
            .pipe(key: sensor, value: Reading(value: value, timestampMs: second * 1_000))
    }

    /// The reported values, with their sensors.
    private func anomalies() throws -> [String] {
        try driver.outputTopic(AnomalyTopology.anomalies, key: .string, value: .json(Anomaly.self)).readRecords()
            .map { "\($0.key ?? "") \($0.value?.reading.value ?? .nan)" }
    }

    @Test("a reading far from those before it is reported at once, for its sensor only")
    func outlier() throws {
        for second in 0..<10 {
            try read(20 + Double(second % 3), at: 100 + Int64(second))
            try read(500, of: "t", at: 100 + Int64(second))
        }
        #expect(try anomalies().isEmpty)
        try read(500, at: 111)
        #expect(try anomalies() == ["s 500.0"])
        try read(501, of: "t", at: 111)
        #expect(try anomalies() == ["t 501.0"])
    }

    @Test("readings older than the window do not count")
    func forgets() throws {
        for second in 0..<10 { try read(20 + Double(second % 3), at: 100 + Int64(second)) }
        try read(500, at: 300)
        #expect(try anomalies().isEmpty)
    }

    @Test("a reading that is too late is dropped")
    func late() throws {
        try read(20, at: 1_000)
        try read(20, at: 1)
        #expect(driver.droppedRecords.values.reduce(0, +) == 1)
    }

    @Test("readings before a restart count", arguments: InstanceEnding.allCases)
    func restart(ending: InstanceEnding) throws {
        for second in 0..<10 {
            if second == 5 { try driver.restart(ending) }
            try read(20 + Double(second % 3), at: 100 + Int64(second))
        }
        try driver.restart(ending)
        try read(500, at: 111)
        #expect(try anomalies() == ["s 500.0"])
    }
}
