import Millrace

/// What lies below the changelog of a task's store: its entries in memory and, where it is kept there, on disk.
///
/// There is one implementation for each way of access of `StoreKind`.
protocol StoreContents: AnyObject {
    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int { get }

    /// The changelog position of what is on disk; `nil` where nothing is.
    func position() throws -> Int64?

    /// Applies records of the changelog, in their order. Their bytes are valid during the call.
    func restore(_ records: ArraySlice<FetchedRecord>, position: Int64) throws

    /// Notes that everything is committed.
    func committed()

    /// Writes what is committed down to disk and, if asked, makes it survive the end of the process.
    func checkpoint(position: Int64?, durably: Bool) throws

    /// How far an ordered store has got; `nil` for others.
    var progress: OrderedProgress? { get }

    /// Calls `body` for every entry of a store in memory, under its key on disk.
    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) throws

    /// Deletes everything.
    func removeAll() throws

    /// Notes how far the operator of another instance's active task has closed windows, where no operator is at work here.
    func noteClosed(untilMs closedMs: Int64)

    func close()
}

extension StoreContents {
    func noteClosed(untilMs closedMs: Int64) {}
}
