/// A store that is not a map from bytes to bytes: an index of vectors, a sketch, a model that learns.
///
/// It keeps its contents in any form, usually in memory. They survive because of the changelog: the store logs every change
/// through the context with which it was made. After a restart it gets those records back in their order, or only the last
/// of several with the same key.
///
/// ```swift
/// final class Vectors: StateStore {
///     private let context: StateStoreContext
///     private(set) var vectors: [String: [Float]] = [:]
///
///     init(_ context: StateStoreContext) { self.context = context }
///
///     func insert(_ name: String, _ vector: [Float], timestampMs: Int64) throws {
///         vectors[name] = vector
///         let bytes = vector.withUnsafeBytes { Array($0) }
///         try context.log(key: Array(name.utf8), value: bytes, timestampMs: timestampMs)
///     }
///
///     func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
///         vectors[String(decoding: key, as: UTF8.self)] = value.map { Array($0.bindMemory(to: Float.self)) }
///     }
///
///     func removeAll() { vectors = [:] }
/// }
/// let vectors = Stores.custom("vectors") { context in Vectors(context) }
/// documents.process(stores: [vectors]) { (context: ProcessorContext<Never, Never>) in
///     let vectors = try context.store(vectors)
///     return { record in … }
/// }
/// ```
///
/// The store does not have to handle transactions: after an abort or a crash the task's store is discarded and made again,
/// and the changelog contains only committed changes. The store belongs to its task's thread. Kafka: `StateStore`, with a
/// custom `StoreBuilder`.
public protocol StateStore: AnyObject, SendableMetatype {
    /// Restores a change from the changelog, without logging it again.
    ///
    /// - Parameters:
    ///   - key: the key that was logged; valid until the call returns.
    ///   - value: `nil` for a deletion.
    ///   - timestampMs: the record's timestamp in milliseconds.
    /// - Throws: any `Error` of the store; the task ends with a `StreamsError` that names the store.
    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws

    /// Empties the store, including what it has on disk: it is about to be restored from the beginning.
    ///
    /// - Throws: any `Error` of the store; the task ends with a `StreamsError` that names the store.
    func removeAll() throws

    /// Logs the changes that wait. Called before each commit, for a store that logs changes only then. Does nothing by default.
    ///
    /// - Throws: any `Error` of the store; the task ends with a `StreamsError` that names the store.
    func flush() throws

    /// Releases the store's resources. Called once; does nothing by default.
    func close()

    /// The offset in the changelog from which the store has to be restored, for a store that outlives the process: the one
    /// last passed to ``checkpoint(position:)``. `nil`, from the beginning, by default.
    ///
    /// - Throws: any `Error` of the store; the task ends with a `StreamsError` that names the store.
    var position: Int64? { get throws }

    /// The approximate memory that the store takes, for monitoring; 0 by default.
    var sizeInBytes: Int { get }

    /// The approximate memory of changes that wait for ``flush()``; 0 by default. It is bounded together with the caches of
    /// the task's tables: beyond the bound, everything is flushed at once.
    var unloggedSizeInBytes: Int { get }

    /// The approximate memory of changes that wait for ``checkpoint(position:)``; 0 by default, for a store that does not
    /// outlive the process. It counts towards the instance's `stateCacheSizeInBytes`: beyond that, the worker commits and
    /// checkpoints the stores, after which it has to be lower.
    var unwrittenSizeInBytes: Int { get }

    /// Saves the store, for a store that outlives the process. It is called from time to time right after a commit: all
    /// contents are committed, and may be saved together with the offset. Does nothing by default.
    ///
    /// - Parameter position: one more than the offset of the last record of the changelog; `nil` for an empty one.
    /// - Throws: any `Error` of the store; the task ends with a `StreamsError` that names the store.
    func checkpoint(position: Int64?) throws
}

extension StateStore {
    /// Does nothing.
    ///
    /// - Throws: no `Error`.
    public func flush() throws {}
    public func close() {}
    public var position: Int64? { nil }
    public var sizeInBytes: Int { 0 }
    public var unloggedSizeInBytes: Int { 0 }
    public var unwrittenSizeInBytes: Int { 0 }
    /// Does nothing.
    ///
    /// - Throws: no `Error`.
    public func checkpoint(position: Int64?) throws {}
}

/// The context in which a custom store is made, with its changelog. Kafka: `StateStoreContext`.
public struct StateStoreContext {
    /// The store's name.
    public let store: String
    /// The task, as `<sub-topology>_<partition>`.
    public let taskID: String
    /// The task's partition, and that of the changelog.
    public let partition: Int32
    /// An existing directory for this store alone; `nil` if the instance keeps nothing on disk, as a test driver does.
    public let directory: String?
    private let log: any StateStoreLog

    package init(store: String, taskID: String, partition: Int32, directory: String?, log: any StateStoreLog) {
        self.store = store
        self.taskID = taskID
        self.partition = partition
        self.directory = directory
        self.log = log
    }

    /// Writes a change to the store's changelog, within the transaction of the record that is being processed. Does nothing
    /// for a store without a changelog.
    ///
    /// - Parameters:
    ///   - key: the key of the change. Of several records with the same key only the last is certain to be restored.
    ///   - value: the key's new value; `nil` if it is deleted.
    ///   - timestampMs: the record's timestamp in milliseconds.
    /// - Throws: `StreamsError` if the changelog refuses the change; the store has to pass it on.
    public func log(key: [UInt8], value: [UInt8]?, timestampMs: Int64) throws {
        try key.withUnsafeBytes { key in
            try (value ?? []).withUnsafeBytes { bytes in
                try log.log(key: key, value: value == nil ? nil : bytes, timestampMs: timestampMs)
            }
        }
    }
}

/// Writes the changes of a custom store to its changelog.
package protocol StateStoreLog: AnyObject {
    func log(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws
}
