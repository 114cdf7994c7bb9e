package import Millrace

/// One store of a task: what the operators see of it, what lies below, and how far it has got in its changelog.
///
/// Which classes it is made of follows from its kind.
package final class TaskStore {
    package let plan: StorePlan
    /// The partition of the changelog; `nil` for a store without one.
    package let changelog: TopicPartition?
    /// The store as operators reach it.
    package let access: OperatorStore
    /// What changes wait in for the next commit, where the store has such.
    let cache: (any FlushableStore)?
    private let contents: any StoreContents
    private let persistent: PersistentStore?
    private let feed: ChangeFeed
    /// The view for those who query a custom store; `nil` for any other store, and where nobody does.
    private var customView: CommittedCustomView?
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
    ///   - changes: where the store's changes go.
    ///   - persistent: the store on disk; `nil` to keep everything in memory.
    ///   - context: what a custom store is made with.
    init(
        plan: StorePlan, changelog: TopicPartition?, changes: ChangeWriter, persistent: PersistentStore?,
        context: StateStoreContext, settings: Settings
    ) throws {
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
            access = .keyValue(cache ?? logged, cache: cache)
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

    /// The memory of changes that are not on disk yet.
    var dirtySizeInBytes: Int { contents.dirtySizeInBytes }

    /// Whether nothing of the store has been made durable yet, though there is something. Without a trace on disk nobody would
    /// notice that the changelog was lost.
    var awaitsFirstCheckpoint: Bool { !isOnDisk && persistent != nil && dirtySizeInBytes > 0 }

    /// Applies records of the changelog, in their order.
    package func restore(_ run: RecordRun) throws {
        guard let nextOffset = run.nextOffset else { return }
        try withExtendedLifetime(run) { try contents.restore(run.records, position: nextOffset) }
        position = nextOffset
        publish(at: restoredPosition)
    }

    /// The position of a standby's store in the topics of its task, as far as the changelog tells.
    private var restoredPosition: Position {
        guard plan.sourceTopicAsChangelog != nil, let changelog, let position else { return Position() }
        return Position([changelog: position])
    }

    /// Whether somebody queries the store.
    var isFollowed: Bool { feed.isFollowed || customView != nil }

    private func publish(at commit: Position) {
        if feed.isFollowed { feed.publish(contents.progress, at: commit) }
        if let customView { publish(to: customView, at: commit) }
    }

    private func publish(to view: CommittedCustomView, at commit: Position) {
        guard let store = contents as? CustomStore else { return }
        view.publish(store.makeView(), at: commit, sizeInBytes: store.stateStore.sizeInBytes)
    }

    /// What those read who query the store; `nil` while nobody does, and for a custom store.
    package var committedView: CommittedView? { feed.view }

    /// Has those who query a custom store read what is in it now.
    package func publishCustomView() {
        if let customView, let position = try? customView.position() { publish(to: customView, at: position) }
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
    ///
    /// - Parameters:
    ///   - newPosition: the changelog's position; `nil` where nothing was written.
    ///   - commit: how far the task's input is committed.
    func committed(position newPosition: Int64?, at commit: Position) {
        if let newPosition { position = max(position ?? 0, newPosition) }
        contents.committed()
        publish(at: commit)
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
    /// - Parameters:
    ///   - commit: how far the task's input is committed; `nil` for a standby.
    ///   - signal: told of each commit from now on.
    /// - Returns: what they read.
    func follow(at commit: Position?, signal: CommitSignal) throws -> any StoreReader {
        let commit = commit ?? restoredPosition
        if let view = feed.view {
            view.note(commit)
            return view
        }
        if let custom = contents as? CustomStore { return follow(custom, at: commit, signal: signal) }
        try checkpoint(durably: false)
        let disk = persistent?.concurrentEntries
        let view = CommittedView(plan: plan, disk: disk, maxSizeInBytes: maxBufferSizeInBytes / 4, signal: signal)
        feed.begin(view)
        if let persistent, disk == nil {
            try persistent.scan(from: nil, to: nil, reversed: false) { key, value in
                feed.note(key: key, value: value)
                return true
            }
        } else {
            try contents.forEachInMemory { feed.note(key: $0, value: $1) }
        }
        feed.publish(contents.progress, at: commit)
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
        try contents.removeAll()
        position = nil
        isOnDisk = false
    }

    func close() {
        endViews()
        contents.close()
    }
}
