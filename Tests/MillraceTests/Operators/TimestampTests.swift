import Millrace
import MillraceTesting
import Testing

@Suite("Timestamps")
struct TimestampTests {
    /// Pipes records with these timestamps; the value is the timestamp that the value carries.
    private func run(
        _ records: [(timestampMs: Int64, value: Int64?)], _ extractor: TimestampExtractor<String, Int64>
    ) throws -> (timestamps: [Int64], dropped: [DropReason: Int]) {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .int64, timestamp: extractor).to("out")
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .int64)
        for record in records { try input.pipe(key: "a", value: record.value, timestampMs: record.timestampMs) }
        let output = try driver.outputTopic("out", key: .string, value: .int64).readRecords()
        return (output.map(\.timestampMs), driver.droppedRecords)
    }

    @Test("a record keeps its own timestamp, late or not; a negative one fails and says what to choose")
    func failOnInvalid() throws {
        #expect(try run([(5, 0), (3, 0), (9, 0)], .failOnInvalidTimestamp).timestamps == [5, 3, 9])
        let error = #expect(throws: StreamsError.self) { try run([(5, 0), (-1, 0)], .failOnInvalidTimestamp) }
        #expect(error?.code == .invalidTimestamp)
        #expect(error?.record == RecordMetadata(topic: "in", partition: 0, offset: 1))
        #expect(error?.message.contains("logAndSkipOnInvalidTimestamp") == true)
    }

    @Test("a negative timestamp is skipped and counted where so chosen")
    func skip() throws {
        let result = try run([(5, 0), (-1, 0), (6, 0)], .logAndSkipOnInvalidTimestamp)
        #expect(result.timestamps == [5, 6])
        #expect(result.dropped == [.negativeTimestamp: 1])
    }

    @Test("the partition's time, its highest timestamp so far, stands in for a negative one")
    func partitionTime() throws {
        let result = try run([(5, 0), (3, 0), (-1, 0), (8, 0), (-7, 0)], .usePartitionTimeOnInvalidTimestamp)
        #expect(result.timestamps == [5, 3, 5, 8, 8])
        let error = #expect(throws: StreamsError.self) { try run([(-1, 0)], .usePartitionTimeOnInvalidTimestamp) }
        #expect(error?.code == .invalidTimestamp)
    }

    @Test("the value may carry the timestamp; a tombstone keeps its own, a negative one is dropped")
    func value() throws {
        let result = try run([(100, 7), (101, nil), (102, -1), (103, 2)], .value { $0 })
        #expect(result.timestamps == [7, 101, 2])
        #expect(result.dropped == [.negativeTimestamp: 1])
    }

    @Test("a custom extractor gets the record and the partition's time")
    func custom() throws {
        let extractor = TimestampExtractor<String, Int64> { record, partitionTimeMs in
            max(record.value ?? 0, partitionTimeMs + 1)
        }
        #expect(try run([(0, 5), (0, 3), (0, 20)], extractor).timestamps == [5, 6, 20])
    }
}
