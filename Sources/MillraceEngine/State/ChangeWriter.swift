package import Millrace

/// The one way that changes take out of a store: to its changelog at once, and with the next commit to those who follow what
/// is committed.
///
/// Each kind of store has one below it. What a record of the changelog is of need not be what an entry is of: a store whose
/// changes wait logs them when they are flushed, one of versions keeps several entries for each of its changes.
package final class ChangeWriter: StateStoreLog {
    private let output: (any RecordOutput)?
    private let partition: Int32
    private let values: StoreKind.ValueLayout
    /// The entries on their way to those who follow.
    let feed = ChangeFeed()

    /// - Parameters:
    ///   - output: the changelog as a topic to write to; `nil` for a store that is not logged, or only read.
    ///   - partition: the changelog's partition.
    ///   - values: how a record's value lies in the store.
    package init(to output: (any RecordOutput)? = nil, partition: Int32 = 0, values: StoreKind.ValueLayout = .plain) {
        self.output = output
        self.partition = partition
        self.values = values
    }

    /// Whether there is a changelog to write to.
    var isLogged: Bool { output != nil }

    /// Writes a change of an entry that has the changelog's key.
    @inline(__always)
    func write(key: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        try log(key: key, stored: stored, timestampMs: timestampMs)
        note(key: key, value: stored)
    }

    /// Sends a change to the changelog: the plain value of a stored one.
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

    /// Notes for those who follow that an entry has a new value, or with `nil` that it is deleted, under its key on disk.
    @inline(__always)
    func note(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        if feed.isFollowed { feed.note(key: key, value: value) }
    }
}
