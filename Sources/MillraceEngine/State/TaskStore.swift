package import Millrace

/// One store of a task: what the operators see of it, what lies below, and how far it has got in its changelog.
///
/// Which classes it is made of follows from its kind.
package final class TaskStore {
    package let plan: StorePlan
    /// The partition of the changelog; `nil` for a store without one.
    package let changelog: TopicPartition?
    /// What operators read and write.
    let bytes: any KeyValueBytesStore
    /// What changes wait in for the next commit, where the store has such.
    let cache: (any FlushableStore)?
    private let contents: any StoreContents
    private let persistent: PersistentStore?
    /// The way of changes to those who query the store.
    private let feed = ChangeFeed()
    private let maxBufferSizeInBytes: Int
    /// The changelog offset up to and without which everything is in the store; `nil` where nothing is.
    package private(set) var position: Int64?
    private var isOnDisk: Bool

    /// How a task keeps its stores.
    struct Settings {
        /// Whether changes may wait for the next commit.
        var isCached: Bool
        var maxBufferSizeInBytes: Int
        /// Called for an entry that had expired when it was put.
        var onExpired: () -> Void
    }

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - output: the changelog as something to write to; `nil` where the store is not logged or its source topic serves.
    ///   - persistent: the store on disk; `nil` to keep everything in memory.
    ///   - context: what a store of the user's own is made with.
    init(
        plan: StorePlan, changelog: TopicPartition?, output: (any RecordOutput)?, persistent: PersistentStore?,
        context: StateStoreContext, settings: Settings
    ) throws {
        self.plan = plan
        self.changelog = changelog
        self.persistent = persistent
        maxBufferSizeInBytes = settings.maxBufferSizeInBytes
        let isCached = plan.isCached && settings.isCached
        let log = output.map { Changelog(output: $0, partition: changelog?.partition ?? 0, values: plan.kind.values) }
        switch plan.kind.access {
        case .hashed:
            let entries = HashedContents(
                values: plan.kind.values, persistent: persistent, maxBufferSizeInBytes: settings.maxBufferSizeInBytes,
                feed: feed)
            let logged = ChangeLoggingStore(entries.bytes, changelog: log, feed: feed)
            let cache = isCached ? CachingKeyValueStore(over: logged) : nil
            contents = entries
            self.cache = cache
            bytes = cache ?? logged
        case .ordered(let keys):
            let store = try OrderedStore(
                keys: keys, values: plan.kind.values, changelog: log, persistent: persistent, isCached: isCached,
                maxSizeInBytes: settings.maxBufferSizeInBytes, feed: feed, onExpired: settings.onExpired)
            contents = store
            cache = store
            bytes = store
        case .versioned(let keys):
            let store = VersionedStore(
                entries: try OrderedStore(
                    keys: keys, values: plan.kind.values, changelog: nil, persistent: persistent, isCached: false,
                    maxSizeInBytes: settings.maxBufferSizeInBytes, feed: feed, onExpired: settings.onExpired),
                changelog: log, onExpired: settings.onExpired)
            contents = store
            cache = nil
            bytes = store
        case .own:
            let store = try OwnStore(plan: plan, context: context)
            contents = store
            cache = store
            bytes = store
        case .buffered:
            let buffer = SuppressionBuffer(
                output: output, partition: changelog?.partition ?? 0, name: plan.name)
            contents = buffer
            cache = buffer
            bytes = buffer
        }
        position = try contents.position()
        isOnDisk = position != nil
    }

    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int { contents.dirtySizeInBytes }

    /// Whether nothing of the store has been made durable yet, though there is something. Without a trace on disk nobody would
    /// notice that the changelog was lost.
    var awaitsFirstCheckpoint: Bool { !isOnDisk && persistent != nil && dirtySizeInBytes > 0 }

    /// Applies records of the changelog.
    package func restore(_ run: RecordRun) throws {
        guard let nextOffset = run.nextOffset else { return }
        try withExtendedLifetime(run) { try contents.restore(run.records, position: nextOffset) }
        position = nextOffset
        if feed.isFollowed { feed.publish(contents.progress) }
    }

    /// Notes that the changelog has nothing for the store before an offset.
    func noteEnd(at offset: Int64) { position = max(position ?? 0, offset) }

    /// Whether a standby of the store has to know how far its active task has got: how much of a source topic it may read, or
    /// what it need not hold any more.
    package var followsActiveTask: Bool {
        if case .ordered(let keys) = plan.kind.access, keys.isTimeIndexed { return true }
        return plan.sourceTopicAsChangelog != nil
    }

    /// Has a store that no operator is at work on hold no more than it has to.
    ///
    /// - Parameter closedMs: how far the operator of the active task has closed windows, as it was committed.
    func noteClosed(untilMs closedMs: Int64) { contents.noteClosed(untilMs: closedMs) }

    /// Notes how far the changelog has been committed. Everything in the store is now part of it.
    func committed(position newPosition: Int64?) {
        if let newPosition { position = max(position ?? 0, newPosition) }
        contents.committed()
        if feed.isFollowed { feed.publish(contents.progress) }
    }

    /// Writes what is committed down to disk and, if asked, makes it survive the end of the process.
    func checkpoint(durably: Bool) throws {
        try contents.checkpoint(position: position, durably: durably)
        if durably { isOnDisk = true }
        if feed.isFollowed { feed.noteWrittenDown(contents.progress) }
    }

    /// Begins to hand on what is committed to those who query the store, if that has not begun. Only when everything in it is
    /// committed.
    ///
    /// - Returns: what they read.
    func follow() throws -> CommittedView {
        if let view = feed.view { return view }
        try checkpoint(durably: false)
        let disk = persistent?.concurrentEntries
        let view = CommittedView(plan: plan, disk: disk, maxSizeInBytes: maxBufferSizeInBytes / 4)
        feed.begin(view)
        if let persistent, disk == nil {
            try persistent.scan(from: nil, to: nil, reversed: false) { key, value in
                feed.note(key: key, value: value)
                return true
            }
        } else {
            try contents.forEachInMemory { feed.note(key: $0, value: $1) }
        }
        feed.publish(contents.progress)
        return view
    }

    /// Deletes everything, so that it is restored from the changelog's beginning.
    func wipe() throws {
        feed.end()
        try contents.removeAll()
        position = nil
        isOnDisk = false
    }

    func close() {
        feed.end()
        contents.close()
    }
}
