/// A key-value store as operators see it. It takes and returns bytes, and reads see the task's own writes.
///
/// The engine's transaction buffer implements it over a persistent or in-memory store.
@usableFromInline
package protocol KeyValueBytesStore: ScannableStore {
    /// Calls `body` with the value of a key, or with `nil`. The bytes are valid only during the call.
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws

    /// Sets or, with a value of `nil`, deletes a key. The changelog record gets the timestamp.
    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws
}
