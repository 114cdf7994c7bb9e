/// The cache of a table: the changes since the last flush, with only the newest value of each key.
///
/// Reads see the cached changes. A flush writes each change to the store below, and so to its changelog, and calls the
/// listener, which forwards it. The order is that in which the keys were last changed. If a key changes several times
/// between two flushes, only the last change reaches the store below and the downstream operators. A deletion of a key that
/// the store below does not have reaches neither. Kafka: `CachingKeyValueStore`.
@usableFromInline
package final class CachingKeyValueStore: KeyValueBytesStore, StoreCache {
    /// The record that caused a change, as it is forwarded downstream of the table.
    @usableFromInline
    package struct Origin {
        @usableFromInline package var timestampMs: Int64
        @usableFromInline package var headers: Headers
        /// The origin of the record, for error messages.
        @usableFromInline package var metadata: RecordMetadata?

        @usableFromInline
        package init(timestampMs: Int64, headers: Headers, metadata: RecordMetadata?) {
            self.timestampMs = timestampMs
            self.headers = headers
            self.metadata = metadata
        }
    }

    /// Gets a change when it is flushed: the key, its new value and, if requested or deleted, the value in the store below.
    @usableFromInline
    package typealias FlushListener = (
        _ key: UnsafeRawBufferPointer, _ newValue: UnsafeRawBufferPointer?, _ oldValue: UnsafeRawBufferPointer?,
        _ origin: Origin
    ) throws -> Void

    private struct Change {
        /// The timestamp of the changelog's record.
        var timestampMs: Int64
        var origin: Origin
    }

    private let store: any KeyValueBytesStore
    private var table = ByteTable()
    /// The indices of the changes, the least recently changed first.
    private var order = IndexList()
    private var inKeyOrder = SortedIndices()
    private var changes: [Change?] = []
    private var listener: FlushListener?
    /// The readers of indexes that are told which keys change.
    private var recorders: [ChangedKeys] = []
    private var sendsOldValues = false
    private var isFlushing = false
    // A copy of what is being flushed, since the listener may change the table.
    private var key: [UInt8] = []
    private var newValue: [UInt8] = []
    private var oldValue: [UInt8] = []

    package init(over store: any KeyValueBytesStore) {
        self.store = store
    }

    /// The approximate memory that the changes take.
    @usableFromInline package var cacheSizeInBytes: Int {
        table.sizeInBytes + table.count * MemoryLayout<Change>.stride
    }

    @usableFromInline package var isCaching: Bool { true }

    /// Sets the listener that gets each change that is flushed.
    @usableFromInline
    package func onFlush(sendsOldValues: Bool, _ listener: @escaping FlushListener) {
        self.sendsOldValues = sendsOldValues
        self.listener = listener
    }

    /// Releases the listener, and so everything that it refers to.
    @usableFromInline
    package func removeListener() { listener = nil }

    /// Tells readers of the store's indexes from now on which keys change.
    package func setRecorders(_ recorders: [ChangedKeys]) { self.recorders = recorders }

    /// Calls a closure with each key whose change waits.
    package func forEachWaitingKey(_ body: (UnsafeRawBufferPointer) -> Void) {
        for index in 0..<table.indexLimit where table.isTaken(index) { body(table.key(at: index)) }
    }

    @usableFromInline
    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        if let index = table.find(key) { return try body(table.value(at: index)) }
        try store.withValue(forKey: key, body)
    }

    @usableFromInline
    package func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        let origin = Origin(timestampMs: timestampMs, headers: Headers(), metadata: nil)
        put(key: key, value: value, timestampMs: timestampMs, origin: origin)
    }

    /// Sets or, with a value of `nil`, deletes a key, and keeps the record that caused it for the flush.
    @usableFromInline
    package func put(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64, origin: Origin
    ) {
        for recorder in recorders { recorder.record(key) }
        let count = table.count
        let index = table.set(key, to: value)
        if table.count != count { inKeyOrder.invalidate() }
        if index >= changes.count { changes += Array(repeating: nil, count: index + 1 - changes.count) }
        changes[index] = Change(timestampMs: timestampMs, origin: origin)
        order.moveToEnd(index)
    }

    @usableFromInline
    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let bounds = KeyBounds(lower: lower, upper: upper)
        let changes = inKeyOrder.within(bounds, reversed: reversed, of: table) { table.indices }.lazy
            .map { (key: self.table.key(at: $0), value: self.table.value(at: $0)) }
        try store.scan(from: lower, to: upper, reversed: reversed, under: changes, body)
    }

    /// Writes down every change made before the call to the store below.
    ///
    /// - Throws: the errors of the store below and of the listener. The change that failed is lost; the later ones are kept.
    @usableFromInline
    package func flush() throws {
        guard !isFlushing else { return }
        isFlushing = true
        defer { isFlushing = false }
        for _ in 0..<table.count {
            guard let index = order.first else { return }
            try flush(index)
        }
    }

    private func flush(_ index: ByteTable.EntryIndex) throws {
        guard let change = changes[index] else { return }
        key.replace(with: table.key(at: index))
        let value = table.value(at: index)
        if let value { newValue.replace(with: value) }
        let isDeletion = value == nil
        order.remove(index)
        changes[index] = nil
        table.remove(at: index)
        inKeyOrder.invalidate()
        try key.withUnsafeBytes { key in
            var hasOldValue = false
            if isDeletion || sendsOldValues {
                try store.withValue(forKey: key) { value in
                    if let value { oldValue.replace(with: value) }
                    hasOldValue = value != nil
                }
            }
            if isDeletion, !hasOldValue, listener != nil { return }
            try newValue.withUnsafeBytes { newValue in
                try store.put(key: key, value: isDeletion ? nil : newValue, timestampMs: change.timestampMs)
                try oldValue.withUnsafeBytes { oldValue in
                    try listener?(
                        key, isDeletion ? nil : newValue, sendsOldValues && hasOldValue ? oldValue : nil, change.origin)
                }
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func replace(with bytes: UnsafeRawBufferPointer) {
        removeAll(keepingCapacity: true)
        append(contentsOf: bytes)
    }
}
