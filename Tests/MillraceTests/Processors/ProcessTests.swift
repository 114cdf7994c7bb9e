import Millrace
import MillraceTesting
import Testing

@Suite("process")
struct ProcessTests {
    @Test("a processor may forward other types, keys, times and headers")
    func forwards() throws {
        let outcome = try run([text("a", "xyz", 7), text("b", nil, 8)], key: .int64, value: .string) { stream in
            stream.process { (context: ProcessorContext<Int64, String>) in
                { record in
                    guard let value = record.value else { return }
                    for (index, letter) in value.enumerated() {
                        try context.forward(
                            Record(
                                key: Int64(index), value: String(letter), timestampMs: record.timestampMs + 1,
                                headers: [Header(name: "of", value: Array(value.utf8))]))
                    }
                }
            }
        }
        #expect(outcome.records.map(\.key) == [0, 1, 2])
        #expect(outcome.records.map(\.value) == ["x", "y", "z"])
        #expect(outcome.records.map(\.timestampMs) == [8, 8, 8])
        #expect(outcome.records.allSatisfy { $0.headers.last(named: "of")?.value == Array("xyz".utf8) })
    }

    @Test("processValues keeps the key, whatever the processor does")
    func fixedKey() throws {
        let outcome = try run([text("a", "x", 1), text(nil, "y", 2)], key: .string, value: .int64) { stream in
            stream.processValues { (context: FixedKeyProcessorContext<String, Int64>) in
                { record in
                    try context.forward(
                        record.with(value: Int64(record.value?.count ?? 0)).with(timestampMs: 9).with(headers: []))
                }
            }
        }
        #expect(outcome.records.map(\.key) == ["a", nil])
        #expect(outcome.records.map(\.timestampMs) == [9, 9])
    }

    @Test("what was processed goes through a repartition topic before it is aggregated, processed values do not")
    func repartitioning() throws {
        let builder = StreamsBuilder()
        let stream = builder.stream("in", key: .string, value: .string)
        stream.process { (context: ProcessorContext<String, String>) in { try context.forward($0) } }
            .groupByKey().count()
        #expect(try builder.build().describe().contains("repartition"))
        let other = StreamsBuilder()
        other.stream("in", key: .string, value: .string)
            .processValues { (context: FixedKeyProcessorContext<String, String>) in { try context.forward($0) } }
            .groupByKey().count()
        #expect(try !other.build().describe().contains("repartition"))
    }

    private struct Fraction: FixedKeyProcessor {
        let context: FixedKeyProcessorContext<String, Double>
        let log: Log
        var sum = 0.0

        mutating func process(_ record: FixedKeyRecord<String, String>) throws {
            let value = Double(record.value ?? "") ?? 0
            sum += value
            try context.forward(record.with(value: value / sum))
        }

        mutating func close() { log.lines.append("closed at \(sum)") }
    }

    private struct Doubled: Processor {
        let context: ProcessorContext<String, String>

        func process(_ record: Record<String, String>) throws {
            try context.forward(record)
            try context.forward(record)
        }
    }

    @Test("a processor may be a type of its own, with state, which is closed when the task ends")
    func types() throws {
        let log = Log()
        let outcome = try run([text("a", "1", 1), text("a", "3", 2)], key: .string, value: .double) { stream in
            stream.process { Doubled(context: $0) }.processValues { Fraction(context: $0, log: log) }
        }
        #expect(outcome.records.map(\.value) == [1, 0.5, 0.6, 0.375])
        #expect(log.lines == ["closed at 8.0"])
    }

    @Test("a record is handed to one child by its name")
    func namedChild() throws {
        let builder = StreamsBuilder()
        let split = builder.stream("in", key: .string, value: .string)
            .process { (context: ProcessorContext<String, String>) in
                { record in
                    try context.forward(record, to: record.value == nil ? "deleted" : "kept")
                    try context.child(named: "kept", of: Record<String, String>.self)
                        .forward(record.with(value: "again"))
                }
            }
        split.filter(named: "kept") { _ in true }.to("kept")
        split.filter(named: "deleted") { _ in true }.to("deleted")
        let driver = try TopologyTestDriver(builder.build())
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: nil)
        try input.pipe(key: "b", value: "x")
        let kept = driver.outputTopic("kept", key: .string, value: .string)
        #expect(try kept.readRecords().map(\.value) == ["again", "x", "again"])
        #expect(try driver.outputTopic("deleted", key: .string, value: .string).readRecords().map(\.key) == ["a"])
    }

    @Test("forwarding to a child that is not there is an error that names what is there")
    func unknownChild() throws {
        let error = #expect(throws: StreamsError.self) {
            _ = try run([text("a", "x", 1)]) { stream in
                stream.process { (context: ProcessorContext<String, String>) in
                    { record in try context.forward(record, to: "nobody") }
                }
            }
        }
        #expect(error?.code == .invalidTopology)
        #expect(error?.message.contains("KSTREAM-SINK-0000000002") == true)
    }

    @Test("the context knows the record's place, the task and the times")
    func metadata() throws {
        let log = Log()
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).process { (context: ProcessorContext<String, String>) in
            log.lines.append("start \(context.streamTimeMs) \(context.recordMetadata?.topic ?? "nowhere")")
            return { record in
                let place = context.recordMetadata.map { "\($0.topic)-\($0.partition)@\($0.offset)" } ?? "nowhere"
                log.lines.append("\(place) \(context.streamTimeMs) \(context.wallClockMs) \(context.taskID)")
            }
        }
        let driver = try TopologyTestDriver(builder.build(), applicationID: "shop")
        let input = driver.inputTopic("in", key: .string, value: .string)
        try driver.advanceWallClock(by: .seconds(3))
        try input.pipe(key: "a", value: "x", timestampMs: 10)
        try input.pipe(key: "a", value: "x", timestampMs: 5)
        #expect(log.lines == ["start -1 nowhere", "in-0@0 10 3000 0_0", "in-0@1 10 3000 0_0"])
    }

    @Test("an error of the processor goes to the processing handler, one of what follows does not go twice")
    func errors() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .process { (context: ProcessorContext<String, String>) in
                { record in
                    if record.value == "bad" { throw Refusal() }
                    try context.forward(record)
                }
            }
            .peek { record in if record.value == "worse" { throw Refusal() } }
            .to("out")
        let topology = try builder.build()
        let lenient = try TopologyTestDriver(topology, errorHandlers: ErrorHandlers(processing: .continue))
        for value in ["bad", "good", "worse"] {
            try lenient.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: value)
        }
        #expect(try lenient.outputTopic("out", key: .string, value: .string).readRecords().map(\.value) == ["good"])
        #expect(lenient.droppedRecords == [.processing: 2])

        let strict = try TopologyTestDriver(topology)
        let error = #expect(throws: StreamsError.self) {
            try strict.inputTopic("in", key: .string, value: .string).pipe(key: "a", value: "worse")
        }
        #expect(error?.node == "KSTREAM-PEEK-0000000002")
    }

    @Test("a processor that swallows an error of what follows does not hide it")
    func swallowedError() throws {
        #expect(throws: StreamsError.self) {
            _ = try run([text("a", "x", 1)]) { stream in
                stream.process { (context: ProcessorContext<String, String>) in
                    { record in try? context.forward(record) }
                }
                .peek { _ in throw Refusal() }
            }
        }
    }
}

/// What a closure of a topology noted, on the driver's thread.
final class Log: @unchecked Sendable {
    // The driver calls the topology's closures on the test's own thread.
    var lines: [String] = []
}

struct Refusal: Error {}
