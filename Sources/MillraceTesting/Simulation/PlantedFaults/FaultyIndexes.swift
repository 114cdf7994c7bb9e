import Millrace
import MillraceEngine

extension PlantedFault {
    package static let ofIndexes = [
        indexBeforeCommit, deadEntries, unsyncedSegments, manifestBeforeSegment, indexAfterStore, forgetfulRebuild,
        rebuildWithoutPosition, feedClosedIndex,
    ]

    static let indexBeforeCommit = PlantedFault(
        "an index gets changes before they are committed",
        wrapPorts: { ports, worker in ports.wrapProducers { FeedingProducer($0, openTasks: worker.openTasks) } })

    static let deadEntries = PlantedFault(
        "an index still returns entries that were deleted", wrapIndex: { index, _ in deaf(index) })

    static let unsyncedSegments = PlantedFault(
        "a segment of an index is not synced before the manifest names it", fileFault: .unsyncedSegments)

    static let manifestBeforeSegment = PlantedFault(
        "the manifest of an index is written before the segment that it names", fileFault: .manifestBeforeSegment)

    static let indexAfterStore = PlantedFault(
        "an index is made durable after its store", wrapIndex: { index, _ in late(index) })

    static let forgetfulRebuild = PlantedFault(
        "changes that come while an index is made anew are forgotten",
        wrapIndex: { index, setting in forgetful(index, setting) })

    static let rebuildWithoutPosition = PlantedFault(
        "an index that was made anew has its position only after another commit",
        wrapIndex: { index, setting in unplaced(index, setting) })

    static let feedClosedIndex = PlantedFault(
        "the index of a task that has gone is still fed", wrapIndex: { index, setting in left(index, setting) })

    private static func deaf(_ index: some StoreIndex) -> any StoreIndex { DeafIndex(index) }
    private static func late(_ index: some StoreIndex) -> any StoreIndex { LateIndex(index) }

    private static func forgetful(_ index: some StoreIndex, _ setting: FaultyIndexSetting) -> any StoreIndex {
        ForgetfulIndex(index, setting)
    }

    private static func unplaced(_ index: some StoreIndex, _ setting: FaultyIndexSetting) -> any StoreIndex {
        UnplacedIndex(index, setting)
    }

    private static func left(_ index: some StoreIndex, _ setting: FaultyIndexSetting) -> any StoreIndex {
        LeftIndex(index, setting)
    }
}

/// The surroundings of an index that a fault wraps.
struct FaultyIndexSetting {
    let folder: SimulatedFolder
    /// Whether every entry is in a view.
    let isComplete: (any Sendable) -> Bool
}

/// An index that passes all calls to another one. A planted fault overrides what it gets wrong.
class IndexDecorator<Inner: StoreIndex>: StoreIndex {
    typealias View = Inner.View

    let inner: Inner

    init(_ inner: Inner) { self.inner = inner }

    var position: Position { inner.position }

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        try inner.apply(key: key, value: value)
    }

    func commit(at position: Position) throws -> Inner.View { try inner.commit(at: position) }

    var isCommitWanted: Bool { inner.isCommitWanted }

    func checkpoint() throws { try inner.checkpoint() }

    func rebuild(from entries: StoreIndexEntries) throws { try inner.rebuild(from: entries) }

    func removeAll() throws { try inner.removeAll() }

    func close() { inner.close() }
}

/// Feeds the indexes before the transaction with their changes is committed.
private final class FeedingProducer: ProducerDecorator {
    private let openTasks: () -> [StreamTask]

    init(_ inner: any ProducerPort, openTasks: @escaping () -> [StreamTask]) {
        self.openTasks = openTasks
        super.init(inner)
    }

    override func commitTransaction(
        offsets: [TopicPartition: CommittedOffset], group: GroupMetadata
    ) throws(PortError) {
        try inner.flush()
        for task in openTasks() {
            for store in task.stores {
                guard let changelog = store.changelog else { continue }
                let end = inner.nextOffset(of: changelog) ?? offsets[changelog]?.offset
                if let end { store.publishIndexes(at: Position([changelog: end])) }
            }
        }
        try super.commitTransaction(offsets: offsets, group: group)
    }
}

/// Does not hear of deletions.
private final class DeafIndex<Inner: StoreIndex>: IndexDecorator<Inner> {
    override func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        if value != nil { try super.apply(key: key, value: value) }
    }
}

/// Becomes durable with the next commit, when the store already is.
private final class LateIndex<Inner: StoreIndex>: IndexDecorator<Inner> {
    private var isDue = false

    override func checkpoint() throws { isDue = true }

    override func commit(at position: Position) throws -> Inner.View {
        if isDue { try super.checkpoint() }
        isDue = false
        return try super.commit(at: position)
    }
}

/// Knows whether it is being made anew.
private class RebuiltIndex<Inner: StoreIndex>: IndexDecorator<Inner> {
    private let isComplete: (any Sendable) -> Bool
    private(set) var isBeingMade = false

    init(_ inner: Inner, _ setting: FaultyIndexSetting) {
        isComplete = setting.isComplete
        super.init(inner)
    }

    override func rebuild(from entries: StoreIndexEntries) throws {
        isBeingMade = true
        try super.rebuild(from: entries)
    }

    override func commit(at position: Position) throws -> Inner.View {
        let view = try super.commit(at: position)
        if isComplete(view) { isBeingMade = false }
        return view
    }
}

/// Forgets what changes while it is made anew.
private final class ForgetfulIndex<Inner: StoreIndex>: RebuiltIndex<Inner> {
    override func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        if !isBeingMade { try super.apply(key: key, value: value) }
    }
}

/// Gets no position with the commit that makes it complete.
private final class UnplacedIndex<Inner: StoreIndex>: RebuiltIndex<Inner> {
    override func commit(at position: Position) throws -> Inner.View {
        try super.commit(at: isBeingMade ? Position() : position)
    }
}

/// Stays open when its task goes, and gets what the task's next index in the same folder gets.
private final class LeftIndex<Inner: StoreIndex>: IndexDecorator<Inner> {
    private let folder: SimulatedFolder
    private let other: (any StoreIndex)?

    init(_ inner: Inner, _ setting: FaultyIndexSetting) {
        folder = setting.folder
        other = setting.folder.leftOpen
        super.init(inner)
    }

    override func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        try super.apply(key: key, value: value)
        try? other?.apply(key: key, value: value)
    }

    override func commit(at position: Position) throws -> Inner.View {
        func commitOther(_ index: some StoreIndex) { _ = try? index.commit(at: position) }
        if let other { commitOther(other) }
        return try super.commit(at: position)
    }

    override func close() { folder.leftOpen = inner }
}
