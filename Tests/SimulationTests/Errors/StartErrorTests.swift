import Millrace
import MillraceTesting
import Testing

/// Errors of user code when a task starts. No record caused them, so no handler is asked.
@Suite("Errors at a task's start")
struct StartErrorTests {
    private func startError(_ define: (StreamsBuilder) throws -> Void) throws -> StreamsError {
        let builder = StreamsBuilder()
        try define(builder)
        let topology = try builder.build()
        return try #require(throws: StreamsError.self) {
            _ = try TopologyTestDriver(
                topology,
                errorHandlers: ErrorHandlers(deserialization: .continue, processing: .continue, production: .continue))
        }
    }

    private let store = Stores.keyValue("kept", key: .string, value: .string)

    @Test("a processor that cannot be created ends the task with its name and its stores")
    func processor() throws {
        let error = try startError {
            FallibleClosure.left($0).process(named: "picky", stores: [store]) {
                (_: ProcessorContext<String, String>) -> ((Record<String, String>) throws -> Void) in throw Refusal()
            }
        }
        #expect(error.code == .processing)
        #expect(error.node == "picky")
        #expect(error.stores == ["kept"])
        #expect(error.task == "0_0")
        #expect(error.underlying is Refusal)
    }

    @Test("a transformer of a table's values that cannot be created ends the task with its name")
    func transformer() throws {
        let error = try startError {
            FallibleClosure.leftTable($0).transformValues(named: "picky") {
                (_) -> ((String, String?) throws -> String?) in throw Refusal()
            }
            .toStream().to("out")
        }
        #expect(error.node == "picky")
        #expect(error.underlying is Refusal)
    }

    @Test("a wrapped store that cannot be created ends the task with the processor's name and the store's")
    func wrapped() throws {
        let wrapped = store.wrapped { (_: KeyValueStore<String, String>) -> Int in throw Refusal() }
        let error = try startError {
            FallibleClosure.left($0).process(named: "picky", stores: [wrapped]) {
                (context: ProcessorContext<String, String>) in
                _ = try context.store(wrapped)
                return { _ in }
            }
        }
        #expect(error.node == "picky")
        #expect(error.stores == ["kept"])
        #expect(error.underlying is Refusal)
    }

    @Test("a custom store that cannot be created ends the task with its name")
    func custom() throws {
        let vectors = Stores.custom("vectors") { (_) -> Unmade in throw Refusal() }
        let error = try startError {
            FallibleClosure.left($0).process(named: "picky", stores: [vectors]) {
                (_: ProcessorContext<String, String>) in { _ in }
            }
        }
        #expect(error.code == .stateStore)
        #expect(error.stores == ["vectors"])
        #expect(error.task == "0_0")
        #expect(error.underlying is Refusal)
        #expect(error.description.contains("vectors"))
    }

    /// A store that is never created.
    private final class Unmade: StateStore {
        func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {}
        func removeAll() throws {}
    }
}
