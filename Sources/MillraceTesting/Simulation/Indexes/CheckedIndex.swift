import ClusterCore
import Millrace

/// The expectations against which an index is checked.
struct IndexCheck {
    let name: String
    let world: SimulatedWorld
    let files: SimulatedIndexFiles
    let isComplete: (any Sendable) -> Bool
    let problem: (_ view: any Sendable, _ entries: [[UInt8]: [UInt8]]) -> String?

    /// Performs a call of an index, which only the end of its process may let fail.
    func attempt<Result>(_ call: () throws -> Result) throws -> Result {
        do { return try call() } catch {
            if files.process.isRunning { world.violate("\(name) fails: \(error)") }
            throw error
        }
    }
}

/// An index that is compared with the committed records of its store's log at each commit. Nor may it be made anew if its files were
/// made durable, or were complete once after it was made anew, and nothing has damaged them.
final class CheckedIndex<Inner: StoreIndex>: StoreIndex {
    private let inner: Inner
    private let check: IndexCheck
    /// Whether what was on disk is whole and not older than the store.
    private let isKept: Bool
    private var isMadeAnew = false
    private var isComplete = true
    private var hasCommitted = false

    init(_ inner: Inner, _ check: IndexCheck) {
        self.inner = inner
        self.check = check
        isKept = check.files.folder.isKept
    }

    var position: Position { inner.position }

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        try check.attempt { try inner.apply(key: key, value: value) }
    }

    func commit(at position: Position) throws -> Inner.View {
        if !hasCommitted, isMadeAnew, isKept, !position.isEmpty {
            check.world.violate("\(check.name) is made anew at \(position), although nothing has damaged it")
        }
        hasCommitted = true
        let view = try check.attempt { try inner.commit(at: position) }
        let wasComplete = isComplete
        isComplete = check.isComplete(view)
        if isComplete, !wasComplete { check.files.folder.recordCheckpoint(at: position) }
        if isComplete, let entries = check.world.table(at: position),
            let problem = check.problem(view, entries)
        {
            check.world.violate("\(check.name) at \(position) \(problem)")
        }
        return view
    }

    var isCommitWanted: Bool { inner.isCommitWanted }

    func checkpoint() throws {
        try check.attempt { try inner.checkpoint() }
        check.files.folder.recordCheckpoint(at: inner.position)
    }

    func rebuild(from entries: StoreIndexEntries) throws {
        (isMadeAnew, isComplete) = (true, false)
        check.files.folder.recordCheckpoint(at: Position())
        try check.attempt { try inner.rebuild(from: entries) }
    }

    func removeAll() throws {
        isMadeAnew = true
        check.files.folder.recordCheckpoint(at: Position())
        try check.attempt { try inner.removeAll() }
    }

    func close() { inner.close() }
}

extension SimulatedWorld {
    /// The last values of the keys in a store's log up to a position; `nil` if that is not known to be committed.
    func table(at position: Position) -> [[UInt8]: [UInt8]]? {
        if position.isEmpty { return nil }
        var table: [[UInt8]: [UInt8]] = [:]
        for (partition, end) in position.offsets {
            guard let records = committedRecords(of: partition, below: end) else { return nil }
            for record in records {
                if let key = record.key { table[Array(key)] = record.value.map(Array.init) }
            }
        }
        return table
    }
}
