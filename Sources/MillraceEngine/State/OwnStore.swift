import Millrace

/// A store of the user's own among those of a task.
///
/// What it holds is its own affair: it is restored like the others, and as bytes there is nothing to it.
final class OwnStore: StateStoreHolder, FlushableStore, StoreContents {
    let stateStore: any StateStore
    private let name: String

    init(plan: StorePlan, context: StateStoreContext) throws {
        name = plan.name
        guard let make = plan.makeStateStore else {
            throw StreamsError(.illegalState, "nothing makes the store \(plan.name)", task: context.taskID)
        }
        stateStore = try make(context)
    }

    // MARK: Contents

    var dirtySizeInBytes: Int { 0 }

    func position() throws -> Int64? { try stateStore.position }

    func restore(_ records: [FetchedRecord], position: Int64) throws {
        for record in records {
            guard let key = record.key else { continue }
            try stateStore.restore(key: key, value: record.value, timestampMs: record.timestampMs)
        }
    }

    func committed() {}
    var progress: OrderedProgress? { nil }
    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {}
    func checkpoint(position: Int64?, durably: Bool) throws { try stateStore.checkpoint(position: position) }
    func removeAll() throws { try stateStore.removeAll() }
    func close() { stateStore.close() }

    // MARK: Before a commit

    var cacheSizeInBytes: Int { 0 }
    func removeListener() {}
    func flush() throws { try stateStore.flush() }

    // MARK: As bytes

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        throw notBytes
    }

    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws { throw notBytes }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        throw notBytes
    }

    private var notBytes: StreamsError {
        StreamsError(.illegalState, "the store \(name) is one of your own; come to it by the builder that makes it")
    }
}
