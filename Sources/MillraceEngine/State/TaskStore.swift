package import Millrace

/// One store of a task: the operators' access to it, its contents, and its position in its changelog.
///
/// Its kind determines the classes that it consists of.
package final class TaskStore {
    package let plan: StorePlan
    /// The partition of the changelog; `nil` for a store without one.
    package let changelog: TopicPartition?
    /// The store as operators use it.
    package let access: OperatorStore
    /// The cache of changes that wait for the next commit, if the store has one.
    let cache: (any FlushableStore)?
    private let contents: any StoreContents
    private let persistent: PersistentStore?
    private let feed: ChangeFeed
    private let indexes: StoreIndexes?
    /// The operators' readers of the indexes.
    private var recorders: [ChangedKeys] = []
    /// The view for queries of a custom store; `nil` for any other store, and while there are no queries.
    private var customView: CommittedCustomView?
    private let maxBufferSizeInBytes: Int
    /// The changelog offset up to but excluding which everything is in the store; `nil` if nothing is.
    package private(set) var position: Int64?
    private var isOnDisk: Bool

    /// The settings with which a task keeps a store.
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
    ///   - changes: the writer that takes the store's changes.
    ///   - persistent: the store on disk; `nil` to keep everything in memory.
    ///   - indexes: the store's indexes; `nil` if it has none.
    ///   - context: the context with which a custom store is made.
    init(
        plan: StorePlan, changelog: TopicPartition?, changes: ChangeWriter, persistent: PersistentStore?,
        indexes: StoreIndexes? = nil, context: StateStoreContext, settings: Settings
    ) throws {
        self.indexes = indexes
        self.plan = plan
        self.changelog = changelog
        self.persistent = persistent
        feed = changes.feed
        maxBufferSizeInBytes = settings.maxBufferSizeInBytes
        let isCached = plan.isCached && settings.isCached
        switch plan.kind.access {
        case .hashed:
            let entries = HashedContents(
                values: plan.kind.values, persistent: persistent, maxBufferSizeInBytes: settings.maxBufferSizeInBytes,
                changes: changes)
            let logged = ChangeLoggingStore(entries.bytes, changes: changes)
            let cache = isCached ? CachingKeyValueStore(over: logged) : nil
            contents = entries
            self.cache = cache
            access = .keyValue(cache ?? logged, cache: cache, indexes: plan.indexes)
        case .ordered(let keys):
            let store = try OrderedStore(
                keys: keys, values: plan.kind.values, changes: changes, persistent: persistent, isCached: isCached,
                maxSizeInBytes: settings.maxBufferSizeInBytes, onExpired: settings.onExpired)
            contents = store
            cache = store
            access = .ordered(store)
        case .versioned(let keys):
            let store = VersionedStore(
                entries: try OrderedStore(
                    keys: keys, values: plan.kind.values, changes: changes, persistent: persistent, isCached: false,
                    maxSizeInBytes: settings.maxBufferSizeInBytes, onExpired: settings.onExpired),
                onExpired: settings.onExpired)
            contents = store
            cache = nil
            access = .versioned(store)
        case .custom:
            let store = try CustomStore(plan: plan, context: context)
            contents = store
            cache = store
            access = .custom(store.stateStore)
        case .buffered:
            let buffer = SuppressionBuffer(changes: changes, name: plan.name)
            contents = buffer
            cache = buffer
            access = .buffer(buffer)
        }
        position = try contents.position()
        isOnDisk = position != nil
    }

    /// The store's indexes for those who want figures; `nil` if it has none.
    var publishedIndexes: PublishedIndexes? { indexes?.published }

    /// The calls of the engine; `nil` for a store that has none.
    var engineTimes: EngineTimes? { persistent?.stopwatch?.times }

    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int { contents.dirtySizeInBytes }

    /// Whether nothing of the store has been made durable yet although it has content. Without a trace on disk nobody would notice
    /// that the changelog was lost.
    var awaitsFirstCheckpoint: Bool { !isOnDisk && persistent != nil && dirtySizeInBytes > 0 }

    /// Applies records of the changelog, in their order.
    package func restore(_ run: RecordRun) throws {
        guard let nextOffset = run.nextOffset else { return }
        let reached = changelog.map { Position([$0: nextOffset]) } ?? Position()
        try withExtendedLifetime(run) {
            try contents.restore(run.records, position: nextOffset) {
                publish(at: plan.sourceTopicAsChangelog == nil ? Position() : reached, storePosition: reached)
            }
        }
        position = nextOffset
    }

    /// Begins to tell the indexes of every commit. Call it once, before anything is restored or written.
    ///
    /// - Parameter onDisk: the position of what is in the store already, if that is not its position in its changelog.
    func beginIndexes(at onDisk: Position? = nil) {
        guard let indexes else { return }
        indexes.begin(at: onDisk ?? logPosition, persistent)
        feed.begin(indexes)
    }

    /// Publishes what the indexes have by now without a commit, such as what other threads have made for them. It costs next to nothing
    /// if there is nothing new.
    func refreshIndexesIfWanted() {
        if let indexes, indexes.isRefreshWanted { feed.refreshIndexes(at: logPosition) }
    }

    /// The position of a standby's store in the topics of its task, as far as the changelog shows it.
    private var restoredPosition: Position {
        guard plan.sourceTopicAsChangelog != nil, let changelog, let position else { return Position() }
        return Position([changelog: position])
    }

    /// Whether somebody queries the store.
    var isFollowed: Bool { feed.isFollowed || customView != nil }

    /// The store's position in its changelog; empty if it has none.
    private var logPosition: Position {
        guard let changelog, let position else { return Position() }
        return Position([changelog: position])
    }

    /// - Parameter storePosition: the position of the store's log, if that is not its changelog.
    private func publish(at commit: Position, storePosition: Position? = nil) {
        feed.publish(contents.progress, at: commit, storePosition: storePosition ?? logPosition)
        for recorder in recorders { endCommit(of: recorder) }
        if let customView { publish(to: customView, at: commit) }
    }

    private func endCommit(of recorder: ChangedKeys) {
        recorder.committed()
        // Changes that a listener makes after its cache was flushed wait for the next commit.
        waitingChanges?.forEachWaitingKey(recorder.record)
    }

    /// The cache in front of the store's indexes; `nil` if changes do not wait.
    private var waitingChanges: CachingKeyValueStore? { cache as? CachingKeyValueStore }

    private func publish(to view: CommittedCustomView, at commit: Position) {
        guard let store = contents as? CustomStore else { return }
        view.publish(store.makeView(), at: commit, sizeInBytes: store.stateStore.sizeInBytes)
    }

    /// The view for queries of the store; `nil` while there are none, and for a custom store.
    package var committedView: CommittedView? { feed.view }

    /// Publishes the present contents of a custom store to those who query it.
    package func publishCustomView() {
        if let customView, let position = try? customView.position() { publish(to: customView, at: position) }
    }

    /// Gives the changes so far to the indexes and to those who search them. Call it only when they are committed.
    ///
    /// - Parameter position: the position of the store's log with these changes.
    package func publishIndexes(at position: Position) { feed.publishIndexes(at: position) }

    /// Records that the changelog has nothing for the store before an offset.
    func recordEnd(at offset: Int64) { position = max(position ?? 0, offset) }

    /// Whether a standby of the store has to know the progress of its active task: how much of a source topic it may read, or which
    /// entries it need not hold any more.
    package var followsActiveTask: Bool {
        if case .ordered(let keys) = plan.kind.access, keys.isTimeIndexed { return true }
        return plan.sourceTopicAsChangelog != nil
    }

    /// Reduces a store without a running operator to the entries that it has to hold.
    ///
    /// - Parameter closedMs: the time up to which the active task's operator has closed windows, as it was committed.
    func recordClosed(untilMs closedMs: Int64) { contents.recordClosed(untilMs: closedMs) }

    /// Records the committed position of the changelog. Everything in the store is now part of it.
    ///
    /// - Parameters:
    ///   - newPosition: the changelog's position; `nil` if nothing was written.
    ///   - commit: the committed position of the task's input.
    ///   - log: the position of the store's log, if that is not its changelog.
    func committed(position newPosition: Int64?, at commit: Position, log: Position? = nil) {
        if let newPosition { position = max(position ?? 0, newPosition) }
        contents.committed()
        publish(at: commit, storePosition: log)
    }

    /// Writes the committed contents to disk and, if asked, makes them survive the end of the process.
    func checkpoint(durably: Bool) throws {
        feed.refreshIndexes(at: logPosition)
        indexes?.checkpoint()
        try contents.checkpoint(position: position, durably: durably)
        if durably { isOnDisk = true }
        if feed.isFollowed { feed.recordFlush(contents.progress) }
    }

    /// Begins to publish commits to those who query the store, if that has not begun. Call it only when everything in the store is
    /// committed.
    ///
    /// - Parameters:
    ///   - commit: the committed position of the task's input; `nil` for a standby.
    ///   - signal: the signal to raise at each commit from now on.
    /// - Returns: the reader for queries.
    func follow(at commit: Position?, signal: CommitSignal) throws -> any StoreReader {
        let commit = commit ?? restoredPosition
        if let view = feed.view {
            view.recordCommit(commit)
            return view
        }
        if let custom = contents as? CustomStore { return follow(custom, at: commit, signal: signal) }
        try checkpoint(durably: false)
        let disk = persistent?.concurrentEntries
        let view = CommittedView(plan: plan, disk: disk, maxSizeInBytes: maxBufferSizeInBytes / 4, signal: signal)
        try feed.begin(view, contents.progress, at: commit) { apply in
            if let persistent, disk == nil {
                try persistent.scan(from: nil, to: nil, reversed: false) { key, value in
                    apply(key, value)
                    return true
                }
            } else {
                try contents.forEachInMemory { apply($0, $1) }
            }
        }
        return view
    }

    private func follow(_ store: CustomStore, at commit: Position, signal: CommitSignal) -> CommittedCustomView {
        if let customView {
            publish(to: customView, at: commit)
            return customView
        }
        let view = CommittedCustomView(
            of: plan.name, store.makeView(), at: commit, sizeInBytes: store.stateStore.sizeInBytes, signal: signal)
        customView = view
        return view
    }

    private func endViews() {
        feed.end()
        customView?.close()
        customView = nil
    }

    /// Deletes everything, so that it is restored from the changelog's beginning.
    func wipe() throws {
        endViews()
        indexes?.removeAll()
        try contents.removeAll()
        position = nil
        isOnDisk = false
    }

    func close() {
        endViews()
        indexes?.close()
        contents.close()
    }
}

extension TaskStore: IndexedStore {
    package func indexReader() throws -> any StoreReader {
        PinnedReader(try access.map(named: plan.name), indexes?.views ?? [:], at: Position())
    }

    package func beginRecordingChanges() -> ChangedKeys {
        let changes = ChangedKeys()
        waitingChanges?.forEachWaitingKey(changes.record)
        setRecorders(recorders + [changes])
        return changes
    }

    package func endRecordingChanges(_ changes: ChangedKeys) { setRecorders(recorders.filter { $0 !== changes }) }

    private func setRecorders(_ recorders: [ChangedKeys]) {
        self.recorders = recorders
        if let waitingChanges { waitingChanges.setRecorders(recorders) } else { feed.setRecorders(recorders) }
    }
}
