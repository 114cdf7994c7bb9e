import Millrace

/// A custom store of a task. It is restored like the others; its contents are known only to itself.
final class CustomStore: FlushableStore, StoreContents {
    let stateStore: any StateStore
    private let name: String
    private let task: String

    init(plan: StorePlan, context: StateStoreContext) throws {
        name = plan.name
        guard let make = plan.makeStateStore else {
            throw StreamsError(.illegalState, "nothing makes the store \(plan.name)", task: context.taskID)
        }
        task = context.taskID
        stateStore = try Self.call("could not be made", plan.name, task) { try make(context) }
    }

    /// Calls the user's store. An error that the store throws gets its name here; errors of its changelog are thrown unchanged.
    private static func call<Result>(
        _ failure: String, _ name: String, _ task: String, _ body: () throws -> Result
    ) throws -> Result {
        do { return try body() } catch {
            if error is StreamsError || error is PortError { throw error }
            var failure = StreamsError(.stateStore, "the store \(name) \(failure)", task: task, underlying: error)
            failure.stores = [name]
            throw failure
        }
    }

    // MARK: Contents

    var dirtySizeInBytes: Int { stateStore.unwrittenSizeInBytes }

    func position() throws -> Int64? {
        try Self.call("could not say how far it reaches", name, task) { try stateStore.position }
    }

    func restore(_ records: ArraySlice<FetchedRecord>, position: Int64, publish: () -> Void) throws {
        for record in records {
            guard let key = record.key else { continue }
            try Self.call("could not be restored", name, task) {
                try stateStore.restore(key: key, value: record.value, timestampMs: record.timestampMs)
            }
        }
        publish()
    }

    func committed() {}
    var progress: OrderedProgress? { nil }
    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {}
    func checkpoint(position: Int64?, durably: Bool) throws {
        try Self.call("could not be checkpointed", name, task) { try stateStore.checkpoint(position: position) }
    }
    func removeAll() throws { try Self.call("could not be emptied", name, task) { try stateStore.removeAll() } }
    func close() { stateStore.close() }

    // MARK: Before a commit

    var cacheSizeInBytes: Int { stateStore.unloggedSizeInBytes }
    func removeListener() {}
    func flush() throws { try Self.call("could not be flushed", name, task) { try stateStore.flush() } }
}
