import Millrace
import MillraceTesting
import Testing

@Suite("Streams' ends")
struct OutputTests {
    @Test("each record goes to the topic that is chosen for it")
    func chosenTopic() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).to(description: "by key") { "to-\($0.key ?? "nobody")" }
        let topology = try builder.build()
        #expect(topology.describe().contains("Sink: KSTREAM-SINK-0000000001 (extractor class: by key)\n"))
        let driver = try TopologyTestDriver(topology)
        for record in everyKindOfRecord {
            try driver.inputTopic("in", key: .string, value: .string)
                .pipe(key: record.key, value: record.value, timestampMs: record.timestampMs, headers: record.headers)
        }
        #expect(driver.unreadTopics == ["to-a", "to-c", "to-d", "to-nobody"])
        #expect(try driver.outputTopic("to-a", key: .string, value: .string).readRecord() == everyKindOfRecord[0])
        #expect(
            try driver.outputTopic("to-nobody", key: .string, value: .string).readRecords().map(\.value)
                == ["banana", nil])
    }

    @Test("print shows every record with its label", arguments: [nil, "fruit"])
    func printing(label: String?) throws {
        let log = Log()
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).print(label: label) { log.lines.append($0) }
        let topology = try builder.build()
        #expect(topology.describe().contains("Processor: KSTREAM-PRINTER-0000000001"))
        let driver = try TopologyTestDriver(topology)
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "apple")
        try driver.inputTopic("in", key: .string, value: .string).pipe(key: nil, value: nil)
        let shown = label ?? "KSTREAM-SOURCE-0000000000"
        #expect(log.lines == ["[\(shown)]: a, apple", "[\(shown)]: null, null"])
    }
}
