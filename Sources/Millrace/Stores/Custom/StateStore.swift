/// A store that is no map from bytes to bytes: an index of vectors, a sketch, a model that learns.
///
/// It keeps what it holds in whatever form it likes, in memory mostly. What makes it survive is its changelog: whatever the
/// store changes it also logs, through the context that it was made with, and after a restart it is given those records back
/// in their order, or of several with one key only the last.
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
/// Transactions need nothing of it: after an abort or a crash the task's store is thrown away and made anew, and the changelog
/// has only what was committed. It belongs to its task's thread. Kafka: `StateStore`, with a custom `StoreBuilder`.
public protocol StateStore: AnyObject, SendableMetatype {
    /// Takes a change back from the changelog, without logging it again.
    ///
    /// - Parameters:
    ///   - key: what was logged; valid until the call returns.
    ///   - value: `nil` for a deletion.
    ///   - timestampMs: the record's timestamp in milliseconds.
    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws

    /// Empties the store, and what it keeps beyond the process with it: it is about to be restored from the beginning.
    func removeAll() throws

    /// Called before each commit, for a store that logs changes only then. Does nothing by default.
    func flush() throws

    /// Lets go of what the store holds. Called once; does nothing by default.
    func close()

    /// The offset in the changelog from which on the store has to be restored, for one that keeps what it holds beyond the
    /// process: what ``checkpoint(position:)`` was given last. `nil`, from the beginning, by default.
    var position: Int64? { get throws }

    /// About how much memory the store takes, for those who watch; 0 by default.
    var sizeInBytes: Int { get }

    /// About how much memory changes take that wait for ``flush()``; 0 by default. Together with the caches of the task's tables
    /// it is bounded: beyond that, everything is flushed at once.
    var unloggedSizeInBytes: Int { get }

    /// About how much memory changes take that wait for ``checkpoint(position:)``; 0 by default, for a store that keeps nothing
    /// beyond the process. It counts towards the instance's `stateCacheSizeInBytes`: beyond that, the worker commits and the
    /// stores are written down, after which it has to be lower.
    var unwrittenSizeInBytes: Int { get }

    /// Called now and then right after a commit, for a store that keeps what it holds beyond the process: everything in it is
    /// committed, and may be written down, together with the offset. Does nothing by default.
    ///
    /// - Parameter position: one more than the offset of the last record of the changelog; `nil` for an empty one.
    func checkpoint(position: Int64?) throws
}

extension StateStore {
    public func flush() throws {}
    public func close() {}
    public var position: Int64? { nil }
    public var sizeInBytes: Int { 0 }
    public var unloggedSizeInBytes: Int { 0 }
    public var unwrittenSizeInBytes: Int { 0 }
    public func checkpoint(position: Int64?) throws {}
}

/// The place of a custom store, and its changelog. Kafka: `StateStoreContext`.
public struct StateStoreContext {
    /// The store's name.
    public let store: String
    /// The task, as `<sub-topology>_<partition>`.
    public let taskID: String
    /// The task's partition, and that of the changelog.
    public let partition: Int32
    /// A directory that exists, for this store alone; `nil` where the instance keeps nothing on disk, as a test driver does.
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
    ///   - key: what the change is of: of several records with one key only the last is sure to come back.
    ///   - value: what the key stands for now; `nil` where it is gone.
    ///   - timestampMs: the record's timestamp in milliseconds.
    public func log(key: [UInt8], value: [UInt8]?, timestampMs: Int64) throws {
        try key.withUnsafeBytes { key in
            try (value ?? []).withUnsafeBytes { bytes in
                try log.log(key: key, value: value == nil ? nil : bytes, timestampMs: timestampMs)
            }
        }
    }
}

/// Takes the changes of a custom store on their way to its changelog.
package protocol StateStoreLog: AnyObject {
    func log(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws
}
