package import Millrace

/// Readable entries under their keys on disk.
package protocol StoredEntries: ScannableStore {
    /// Calls `body` with the value of a key, or with `nil`; the bytes are valid only during the call.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws
}

/// The entries of a store on disk for other threads, while the owner's thread writes to it.
///
/// The store's `close` waits for running reads and for snapshots; later reads get an error.
package protocol ConcurrentEntries: AnyObject, Sendable {
    /// Reads as `StoredEntries` does, on any thread.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Reads in the same way if that takes neither a wait nor a read of a disk. Returns whether `body` was called.
    func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool

    /// Returns the present entries, for one thread.
    func snapshot() throws -> any StoredEntries

    /// The approximate number and size of the entries; `nil` if nobody knows.
    var approximateSize: StoreSize? { get }
}

extension ConcurrentEntries {
    package var approximateSize: StoreSize? { nil }
}
