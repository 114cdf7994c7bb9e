package import Millrace

/// Entries under the keys that a store lies on disk with, to be read.
package protocol StoredEntries: ScannableStore {
    /// Calls `body` with the value of a key, or with `nil`; the bytes are valid only during the call.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws
}

/// What a store on disk offers to other threads, while the one that it belongs to writes to it.
///
/// The store's `close` waits for reads that are under way and for snapshots; whoever comes later gets an error.
package protocol ConcurrentEntries: AnyObject, Sendable {
    /// As that of `StoredEntries`, on any thread.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// The entries as they are now, for one thread.
    func snapshot() throws -> any StoredEntries

    /// About how many entries there are and how many bytes they take; `nil` where nobody knows.
    var approximateSize: StoreSize? { get }
}

extension ConcurrentEntries {
    package var approximateSize: StoreSize? { nil }
}
