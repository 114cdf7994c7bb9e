import Millrace

/// The contents of a task's store below its changelog writer: its entries in memory and, if it is persistent, on disk.
///
/// There is one implementation for each access of `StoreKind`.
protocol StoreContents: AnyObject {
    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int { get }

    /// Returns the changelog position of the contents on disk; `nil` if there are none.
    func position() throws -> Int64?

    /// Applies records of the changelog, in their order. Their bytes are valid during the call.
    ///
    /// - Parameter publish: publishes the recorded changes. It is called once, before any of them is on disk: readers see what was
    ///   published above the disk, so the disk may not be ahead of it.
    func restore(_ records: ArraySlice<FetchedRecord>, position: Int64, publish: () -> Void) throws

    /// Records that everything is committed.
    func committed()

    /// Writes the committed contents to disk and, if asked, makes them survive the end of the process.
    func checkpoint(position: Int64?, durably: Bool) throws

    /// The progress of an ordered store; `nil` for others.
    var progress: OrderedProgress? { get }

    /// Calls `body` for every entry of a store in memory, under its key on disk.
    func forEachInMemory(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) throws

    /// Deletes everything.
    func removeAll() throws

    /// Records up to which time another instance's active operator has closed windows. It is called when no operator uses the store
    /// here.
    func recordClosed(untilMs closedMs: Int64)

    func close()
}

extension StoreContents {
    func recordClosed(untilMs closedMs: Int64) {}
}
