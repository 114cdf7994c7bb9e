import Millrace
import MillraceTesting
import Testing

/// What user code throws for a record goes to the handler that is for it, whatever the operator.
@Suite("Errors of user code")
struct OperatorClosureTests {
    /// Records of both topics that meet, and later ones that end whatever waits.
    private static let records: [(topic: String, key: String, value: String, atMs: Int64)] = [
        ("left", "a", "1", 1_000), ("right", "a", "2", 1_010), ("left", "a", "3", 1_020), ("right", "a", "4", 1_030),
        ("left", "b", "5", 5_000), ("right", "c", "6", 6_000), ("left", "d", "7", 9_000), ("right", "d", "8", 9_500),
    ]

    private struct Run {
        let closure: FallibleClosure
        let driver: TopologyTestDriver
        let description: String

        init(_ name: String, _ handlers: ErrorHandlers) throws {
            closure = try #require(FallibleClosure.all.first { $0.name == name })
            let builder = StreamsBuilder()
            try closure.define(builder)
            let topology = try builder.build()
            description = "\(topology.describe())"
            driver = try TopologyTestDriver(topology, errorHandlers: handlers)
        }

        /// Runs all records through the operator, up to the first error.
        func pipe(afterMs: Int64 = 0) throws {
            for record in records where description.contains(record.topic) {
                try driver.inputTopic(record.topic, key: .string, value: .string)
                    .pipe(key: record.key, value: record.value, timestampMs: afterMs + record.atMs)
            }
        }

        func results() throws -> [Record<[UInt8], [UInt8]>] {
            try driver.outputTopic("out", key: .bytes, value: .bytes).readRecords()
        }
    }

    private static let reasons: [DropReason] = [.deserialization, .processing, .production]

    @Test(
        "by default they end the task, with node, topic, partition and offset",
        arguments: FallibleClosure.all.map(\.name))
    func fails(name: String) throws {
        let run = try Run(name, ErrorHandlers())
        let error = #expect(throws: StreamsError.self) { try run.pipe() }
        #expect(error?.code.rawValue == run.closure.reason.rawValue)
        #expect(error?.underlying is Refusal)
        #expect(run.description.contains(try #require(error?.node)))
        let record = try #require(error?.record)
        #expect(["left", "right"].contains(record.topic) || record.topic.hasPrefix("app-"))
        #expect(record.partition == 0)
        #expect(record.offset >= 0)
    }

    @Test(
        "to continue drops and counts the record, and later ones have results",
        arguments: FallibleClosure.all.map(\.name))
    func continues(name: String) throws {
        let run = try Run(name, ErrorHandlers(deserialization: .continue, processing: .continue, production: .continue))
        try run.pipe()
        let refused = run.driver.droppedRecords.filter { Self.reasons.contains($0.key) }
        #expect(refused.keys.map(\.rawValue) == [run.closure.reason.rawValue])
        _ = try run.results()
        try Refusal.$isDue.withValue(false) { try run.pipe(afterMs: 100_000) }
        #expect(run.driver.droppedRecords.filter { Self.reasons.contains($0.key) } == refused)
        let hasResults = try !run.results().isEmpty
        #expect(hasResults == (run.description.contains("out") || run.description.contains("extractor class")))
    }

    @Test("a dead letter is written for each", arguments: FallibleClosure.all.map(\.name))
    func deadLetters(name: String) throws {
        let answer = ErrorResponse.deadLetter(topic: "dead")
        let run = try Run(name, ErrorHandlers(deserialization: answer, processing: answer, production: answer))
        try run.pipe()
        let letters = try run.driver.outputTopic("dead", key: .bytes, value: .bytes).readRecords()
        #expect(letters.count == run.driver.droppedRecords[run.closure.reason])
        #expect(!letters.isEmpty)
        for letter in letters {
            for header in ["topic", "partition", "offset", "exception", "message"] {
                #expect(letter.headers.last(named: "__streams.errors.\(header)") != nil)
            }
        }
    }

    /// Closures that are not called on behalf of a record, and what they are tested by.
    private static let otherwise: [String: String] = [
        "ProcessingContext.schedule.action(Int64)": "PunctuationTests",
        "StoreBuilder.wrapped.wrap(Store)": "a task's start",
        "Stores.custom.make(StateStoreContext)": "a task's start",
    ]

    @Test("every closure that the sources declare is in the list")
    func complete() throws {
        let covered = Set(FallibleClosure.all.map(\.declaration))
        let declared = try DeclaredClosures.all()
        #expect(declared.count > 60)
        #expect(declared.subtracting(covered).subtracting(Self.otherwise.keys).sorted() == [], "not in the list")
        #expect(covered.union(Self.otherwise.keys).subtracting(declared).sorted() == [], "not declared any more")
        #expect(Set(FallibleClosure.all.map(\.name)).count == FallibleClosure.all.count)
    }
}
