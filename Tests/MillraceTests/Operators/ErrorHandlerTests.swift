import Millrace
import MillraceTesting
import Testing

@Suite("Error handlers")
struct ErrorHandlerTests {
    private struct Refusal: Error {}

    /// Numbers from `in`; 13 is refused by a closure, 99 cannot be written.
    private func driver(_ handlers: ErrorHandlers = ErrorHandlers()) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        let picky = Serde<Int32>(
            serialize: { value, buffer in
                if value == 99 { throw Refusal() }
                try Serde.int32.serialize(value, into: &buffer)
            },
            deserialize: { try Serde.int32.deserialize($0) })
        builder.stream("in", key: .string, value: .int32)
            .mapValues(named: "picky") { value in
                if value == 13 { throw Refusal() }
                return value
            }
            .to("out", value: picky, named: "writer")
        return try TopologyTestDriver(builder.build(), errorHandlers: handlers)
    }

    private func pipe(_ value: [UInt8], to driver: TopologyTestDriver) throws {
        let input = driver.inputTopic("in", key: .string, value: .int32)
        try input.pipe(
            rawKey: [0x6b], rawValue: value, timestampMs: 42, headers: [Header(name: "trace", value: [7])])
    }

    private let thirteen: [UInt8] = [0, 0, 0, 13]
    private let ninetyNine: [UInt8] = [0, 0, 0, 99]
    private let tooShort: [UInt8] = [1, 2]
    private let good: [UInt8] = [0, 0, 0, 1]

    @Test("a record that cannot be read fails with its topic, partition, offset, node and cause")
    func deserialization() throws {
        let driver = try driver()
        try pipe(good, to: driver)
        let error = #expect(throws: StreamsError.self) { try pipe(tooShort, to: driver) }
        #expect(error?.code == .deserialization)
        #expect(error?.record == RecordMetadata(topic: "in", partition: 0, offset: 1))
        #expect(error?.node == "KSTREAM-SOURCE-0000000000")
        #expect(
            error?.description.hasSuffix(
                "[node KSTREAM-SOURCE-0000000000] [topic in, partition 0, offset 1] [task 0_0] "
                    + "because of not a Int32: 2 bytes instead of 4") == true)
    }

    @Test("a closure that throws fails with its node and the record")
    func processing() throws {
        let driver = try driver()
        let error = #expect(throws: StreamsError.self) { try pipe(thirteen, to: driver) }
        #expect(error?.code == .processing)
        #expect(error?.node == "picky")
        #expect(error?.record == RecordMetadata(topic: "in", partition: 0, offset: 0))
        #expect(error?.underlying is Refusal)
    }

    @Test("a result that cannot be written fails with its node and the record")
    func production() throws {
        let driver = try driver()
        let error = #expect(throws: StreamsError.self) { try pipe(ninetyNine, to: driver) }
        #expect(error?.code == .production)
        #expect(error?.node == "writer")
        #expect(error?.record?.offset == 0)
    }

    @Test("`continue` drops the record, counts it by reason and continues")
    func continues() throws {
        let driver = try driver(ErrorHandlers(deserialization: .continue, processing: .continue, production: .continue))
        for value in [tooShort, thirteen, ninetyNine, thirteen, good] { try pipe(value, to: driver) }
        #expect(try driver.outputTopic("out", key: .string, value: .int32).readRecords().map(\.value) == [1])
        #expect(driver.droppedRecords == [.deserialization: 1, .processing: 2, .production: 1])
    }

    @Test("a handler left out fails")
    func partial() throws {
        let driver = try driver(ErrorHandlers(processing: .continue))
        try pipe(thirteen, to: driver)
        #expect(throws: StreamsError.self) { try pipe(tooShort, to: driver) }
    }

    @Test("the dead letter is the source record as it came, with headers that say what happened")
    func deadLetter() throws {
        let driver = try driver(
            ErrorHandlers(
                deserialization: .deadLetter(topic: "dead"), processing: .deadLetter(topic: "dead"),
                production: .deadLetter(topic: "dead")))
        for value in [good, tooShort, thirteen, ninetyNine] { try pipe(value, to: driver) }
        let letters = try driver.outputTopic("dead", key: .string, value: .bytes).readRecords()
        #expect(letters.map(\.key) == ["k", "k", "k"])
        #expect(letters.map(\.value) == [tooShort, thirteen, ninetyNine])
        #expect(letters.map(\.timestampMs) == [42, 42, 42])
        for (letter, offset) in zip(letters, 1...) {
            #expect(letter.headers.first == Header(name: "trace", value: [7]))
            #expect(Self.header("topic", of: letter) == "in")
            #expect(Self.header("partition", of: letter) == "0")
            #expect(Self.header("offset", of: letter) == "\(offset)")
            #expect(Self.header("stacktrace", of: letter) != nil)
        }
        #expect(Self.header("exception", of: letters[0]) == "Millrace.SerdeError")
        #expect(Self.header("message", of: letters[0])?.contains("2 bytes instead of 4") == true)
        #expect(Self.header("exception", of: letters[1])?.hasSuffix("Refusal") == true)
        #expect(driver.droppedRecords.values.reduce(0, +) == 3)
    }

    private static func header(_ name: String, of record: Record<String, [UInt8]>) -> String? {
        record.headers.last(named: "__streams.errors.\(name)")?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a handler may look at the error and the bytes")
    func closure() throws {
        let driver = try driver(
            ErrorHandlers(deserialization: { context in
                context.value?.count == 2 && context.key == [0x6b] && context.error.record?.topic == "in"
                    ? .continue : .fail
            }))
        try pipe(tooShort, to: driver)
        #expect(throws: StreamsError.self) { try pipe([1], to: driver) }
    }

    @Test("an error downstream of a table's cache names the record that caused the change")
    func behindCache() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .int32).groupByKey().count(into: .store("counts"))
            .mapValues(named: "picky") { count in
                if count == 2 { throw Refusal() }
                return count
            }
        let driver = try TopologyTestDriver(builder.build())
        try pipe(good, to: driver)
        let error = #expect(throws: StreamsError.self) { try pipe(good, to: driver) }
        #expect(error?.node == "picky")
        #expect(error?.record == RecordMetadata(topic: "in", partition: 0, offset: 1))
    }

    @Test(
        "every kind of operator hands an error of its closure to the handler",
        arguments: [
            { $0.filter { _, _ in throw Refusal() } }, { $0.filterNot { _ in throw Refusal() } },
            { $0.mapValues { (_: String) -> String? in throw Refusal() } },
            { $0.map { (_, _) -> (String?, String?) in throw Refusal() } },
            { $0.selectKey { (_, _) -> String? in throw Refusal() } },
            { $0.flatMapValues { (_: String) -> [String] in throw Refusal() } },
            { $0.flatMap { (_, _) -> [(String?, String?)] in throw Refusal() } },
            { $0.peek { _ in throw Refusal() } }, { $0.split().branch { _, _ in throw Refusal() } },
            { $0.groupByKey().reduce { _, _ in throw Refusal() }.toStream().filter { record in record.value == "2" } },
            { $0.groupByKey().aggregate(into: .with(), initial: "") { _, _, _ in throw Refusal() }.toStream() },
            { $0.toTable().filter { _, _ in throw Refusal() }.toStream() },
            { $0.toTable().mapValues { (_: String) -> String? in throw Refusal() }.toStream() },
            {
                $0.toTable().groupBy { (_, _) -> (String?, String?) in throw Refusal() }.reduce {
                    $1
                } subtractor: {
                    $1
                }.toStream()
            },
        ] as [@Sendable (KStream<String, String>) -> KStream<String, String>])
    func everyOperator(operators: @Sendable (KStream<String, String>) -> KStream<String, String>) throws {
        let builder = StreamsBuilder()
        operators(builder.stream("in", key: .string, value: .string)).to("out")
        let driver = try TopologyTestDriver(builder.build(), errorHandlers: ErrorHandlers(processing: .continue))
        let input = driver.inputTopic("in", key: .string, value: .string)
        try input.pipe(key: "a", value: "1")
        try input.pipe(key: "a", value: "2")
        #expect(try driver.outputTopic("out", key: .string, value: .string).readRecords().isEmpty)
        #expect((driver.droppedRecords[.processing] ?? 0) > 0)
    }
}
