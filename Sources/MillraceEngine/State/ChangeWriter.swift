package import Millrace

/// The only way of changes out of a store: to its changelog at once, and with the next commit to those who follow the committed
/// state.
///
/// Each kind of store has one below it. A changelog record and an entry need not correspond: a store with a cache logs its changes
/// when they are flushed, and a versioned store keeps several entries for each change.
package final class ChangeWriter: StateStoreLog {
    private let output: (any RecordOutput)?
    private let partition: Int32
    private let values: StoreKind.ValueLayout
    /// The changes for those who follow the store.
    let feed = ChangeFeed()

    /// - Parameters:
    ///   - output: the output that writes to the changelog; `nil` for a store that is not logged, or only read.
    ///   - partition: the changelog's partition.
    ///   - values: the layout of a record's value in the store.
    package init(to output: (any RecordOutput)? = nil, partition: Int32 = 0, values: StoreKind.ValueLayout = .plain) {
        self.output = output
        self.partition = partition
        self.values = values
    }

    /// Whether there is a changelog to write to.
    var isLogged: Bool { output != nil }

    /// Writes a change of an entry that has the same key as its changelog record.
    @inline(__always)
    func write(key: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try log(key: key, stored: stored, timestampMs: timestampMs)
        recordChange(key: key, value: stored)
    }

    /// Sends a change to the changelog, with the plain value of the stored one.
    @inline(__always)
    func log(key: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try log(key: key, value: stored.map(values.plainValue), timestampMs: timestampMs, headers: Headers())
    }

    /// Sends a record to the changelog unchanged.
    @inline(__always)
    func log(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64, headers: Headers
    ) throws {
        guard let output else { return }
        try output.send(key: key, value: value, partition: partition, timestampMs: timestampMs, headers: headers)
    }

    package func log(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try log(key: key, value: value, timestampMs: timestampMs, headers: Headers())
    }

    /// Records for those who follow the store that an entry has a new value, or with `nil` that it is deleted, under its key on
    /// disk.
    @inline(__always)
    func recordChange(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        if feed.isFollowed { feed.recordChange(key: key, value: value) }
    }
}
