import Millrace
import MillraceTesting
import Synchronization
import Testing

/// Runs an operator with one of its closures over records that meet each other, and then over later ones that complete whatever
/// waits.
struct ClosureRun {
    struct Step: Sendable {
        var topic: String
        var key: String
        var value: String
        var atMs: Int64
    }

    private static let all = [
        Step(topic: "left", key: "a", value: "1", atMs: 1_000),
        Step(topic: "right", key: "a", value: "2", atMs: 1_010),
        Step(topic: "left", key: "a", value: "3", atMs: 1_020),
        Step(topic: "right", key: "a", value: "4", atMs: 1_030),
        Step(topic: "left", key: "b", value: "5", atMs: 5_000),
        Step(topic: "right", key: "c", value: "6", atMs: 6_000),
        Step(topic: "left", key: "d", value: "7", atMs: 9_000),
        Step(topic: "right", key: "d", value: "8", atMs: 9_050),
        Step(topic: "left", key: "a", value: "9", atMs: 9_500),
        Step(topic: "right", key: "a", value: "10", atMs: 9_550),
        Step(topic: "left", key: "e", value: "11", atMs: 90_000),
        Step(topic: "right", key: "e", value: "12", atMs: 90_000),
    ]

    /// Records that nothing refuses. They complete whatever the others have begun.
    private static let last = [
        Step(topic: "left", key: "f", value: "13", atMs: 200_000),
        Step(topic: "right", key: "f", value: "14", atMs: 200_000),
    ]

    let closure: FallibleClosure
    let topology: Topology
    let driver: TopologyTestDriver
    /// The records of the topics that the operator reads.
    let steps: [Step]
    /// The indices of the steps that may be refused.
    let refusable: Range<Int>
    private let errors: ErrorLog

    /// The results of each step.
    private(set) var results: [[Record<[UInt8], [UInt8]>]] = []

    /// The errors that the handlers were told of.
    var refused: [ErrorContext] { errors.contexts }

    /// - Parameter answer: the answer of every handler.
    init(_ name: String, answering answer: ErrorResponse) throws {
        closure = try #require(FallibleClosure.all.first { $0.name == name })
        let builder = StreamsBuilder()
        try closure.define(builder)
        topology = try builder.build()
        let description = topology.describe()
        steps = (Self.all + Self.last).filter { description.contains($0.topic) }
        refusable = 0..<Self.all.count(where: { description.contains($0.topic) })
        let errors = ErrorLog()
        let handler: ErrorHandlers.Handler = { context in
            errors.append(context)
            return answer
        }
        self.errors = errors
        driver = try TopologyTestDriver(
            topology, errorHandlers: ErrorHandlers(deserialization: handler, processing: handler, production: handler))
    }

    /// Runs all records but one through the operator.
    ///
    /// - Parameters:
    ///   - steps: the indices of the steps in which everything is refused.
    ///   - omitted: the index of the step that is left out.
    mutating func run(refusing steps: Set<Int> = [], without omitted: Int? = nil) throws {
        for (index, step) in self.steps.enumerated() {
            if index != omitted {
                try Refusal.$isDue.withValue(steps.contains(index)) {
                    try driver.inputTopic(step.topic, key: .string, value: .string).pipe(
                        key: step.key, value: step.value, timestampMs: step.atMs,
                        headers: [Header(name: "trace", value: Array("\(index)".utf8))])
                }
            }
            results.append(try driver.outputTopic("out", key: .bytes, value: .bytes).readRecords())
        }
    }

    /// Returns the step with the record at this place of a source topic.
    func step(at place: RecordMetadata) -> (index: Int, step: Step)? {
        let steps = Array(self.steps.enumerated().filter { $0.element.topic == place.topic })
        guard steps.indices.contains(Int(place.offset)) else { return nil }
        return (steps[Int(place.offset)].offset, steps[Int(place.offset)].element)
    }
}

/// Collects the errors that handlers are told of.
private final class ErrorLog: Sendable {
    private let log = Mutex<[ErrorContext]>([])

    var contexts: [ErrorContext] { log.withLock { $0 } }

    func append(_ context: ErrorContext) { log.withLock { $0.append(context) } }
}
