/// An index over the vectors of keys: segments with graphs, and in front of them tails that are compared row by row.
///
/// One thread changes it, commit by commit; each commit gives a snapshot that any thread may search. When the tail is full, a segment is
/// made of it on another thread, or at once for an index without a directory. An index with a directory outlives the process.
package final class IndexCore {
    package let format: IndexFormat
    let settings: IndexSettings
    let files: IndexFiles?
    let threads: any BuildExecutor
    var segments: [Segment] = []
    /// The full tails, the oldest first.
    var fullTails: [Tail] = []
    var tail: Tail
    /// The number of commits since the index was opened, and one.
    private(set) var commit: UInt32 = 1
    /// The position of the last commit; empty if there was none.
    package private(set) var position = ""
    private var changes: [IndexChange] = []
    /// Whether a tail was filled since the log was begun.
    var hasFilledTail = false
    /// The segments that are being made: at most one of tails and one of other segments, which have no sources in common.
    var builds: [SegmentBuild] = []
    private var rebuild: IndexRebuild?
    /// The entries from which the index is made anew as soon as its files can be written.
    var waitingEntries: IndexRebuild.Entries?
    /// Whether the files can be written.
    var disk = DiskFailure()
    /// The log with the rows of the segments that are in memory only.
    var memoryLog = 0
    /// The keys that have changed since the index is made anew: their entries in the store are older.
    private var changedKeys: Set<[UInt8]> = []
    private var count = 0
    private var isAhead = false
    private let recall = RecallMeter()
    private let searches = SearchMeter()

    /// Opens an index.
    ///
    /// - Parameters:
    ///   - directory: where it keeps its files; `nil` to keep everything in memory, and to make segments at once.
    ///   - threads: where segments are made.
    /// - Throws: `FileProblem` if its files cannot be read. Damaged files are deleted; the index is then empty. If the disk is full, it
    ///   begins empty, too.
    package init(
        _ format: IndexFormat, settings: IndexSettings? = nil, directory: (any IndexDirectory)? = nil,
        threads: any BuildExecutor = BuildThreads.shared
    ) throws {
        self.format = format
        let settings = settings ?? IndexSettings(for: format)
        self.settings = settings
        self.threads = threads
        files = directory.map { IndexFiles($0, format: format) }
        tail = Tail(format: format, capacity: settings.tailCount, firstLog: files?.currentLog ?? 0)
        if let files { try restore(from: files) }
    }

    private func restore(from files: IndexFiles) throws {
        do {
            guard let (manifest, segments) = try files.open() else { return try removeAll() }
            self.segments = segments
            count = segments.reduce(0) { $0 + $1.count - $1.deaths.count }
            position = manifest.position
            tail = newTail(firstLog: manifest.firstLog)
            try files.replay(manifest) { [self] commit, log in
                for change in commit.changes {
                    if let entry = change.entry, (try? format.attributes.check(entry.attributes)) == nil {
                        throw FileProblem.damaged(ChangeLog.name(log), "an entry has other attributes than the index")
                    }
                    try apply(change, firstLog: log)
                }
                position = commit.position
            }
        } catch is FileProblem.Damage {
            try removeAll()
        } catch let problem as FileProblem where problem.isOfFullDisk {
            try removeAll()
            disk.record(problem)
        }
    }

    func newTail(firstLog: Int) -> Tail {
        Tail(format: format, capacity: settings.tailCount, firstLog: firstLog)
    }

    // MARK: Changes

    /// Sets or deletes the vector of a key, as of the next commit.
    ///
    /// - Parameters:
    ///   - vector: the components; `nil` to delete the key.
    ///   - attributes: the entry's attributes, in the order of the format's schema; `nil` for what is missing.
    /// - Throws: `VectorProblem` if the vector cannot be indexed; then nothing has changed.
    package func set(_ key: [UInt8], to vector: [Float]?, attributes: [AttributeValue?] = []) throws {
        let attributes = attributes.map { $0.flatMap(StoredAttribute.init) }
        try set(key, entry: vector.map { try format.entry(of: $0, attributes) })
    }

    /// Sets or deletes the entry of a key, as of the next commit.
    ///
    /// - Parameter entry: an entry of the index's format; `nil` to delete the key.
    func set(_ key: [UInt8], entry: IndexEntry?) throws {
        let change = IndexChange(key: key, entry: entry)
        if !isComplete { changedKeys.insert(key) }
        if try apply(change, firstLog: files?.currentLog ?? 0), files != nil { changes.append(change) }
    }

    /// Applies a change. Returns whether it changed anything.
    @discardableResult
    private func apply(_ change: IndexChange, firstLog: Int) throws -> Bool {
        let present = place(of: change.key)
        if let present, let entry = change.entry, try has(present, entry) { return false }
        if present == nil, change.entry == nil { return false }
        if let entry = change.entry {
            if tail.isFull {
                fullTails.append(tail)
                tail = newTail(firstLog: firstLog)
                hasFilledTail = true
            }
            if let present { remove(change.key, at: present) }
            try tail.append(change.key, entry)
            if present == nil { count += 1 }
        } else if let present {
            remove(change.key, at: present)
            count -= 1
        }
        return true
    }

    /// The place of the living row of a key.
    private enum Place {
        case tail(Tail, row: Int)
        case segment(Segment, row: Int)
    }

    private func place(of key: [UInt8]) -> Place? {
        if let row = tail.row(of: key) { return .tail(tail, row: row) }
        for tail in fullTails.reversed() {
            if let row = tail.row(of: key) { return .tail(tail, row: row) }
        }
        return key.withUnsafeBytes { key in
            for segment in segments {
                if let row = segment.row(of: key), !segment.deaths.isDead(row) { return .segment(segment, row: row) }
            }
            return nil
        }
    }

    private func has(_ place: Place, _ entry: IndexEntry) throws -> Bool {
        let size = format.exact.sizeInBytes
        func isSame(_ bytes: UnsafeRawBufferPointer) -> Bool {
            bytes.prefix(size).elementsEqual(entry.row.prefix(size))
        }
        return switch place {
        case .tail(let tail, let row):
            try tail.rows.rows.withRow(row, isSame) && tail.attributes.row(row) == entry.attributes
        case .segment(let segment, let row):
            try segment.exactRows.withRow(row, isSame) && segment.attributes.row(row) == entry.attributes
        }
    }

    private func remove(_ key: [UInt8], at place: Place) {
        switch place {
        case .tail(let tail, _): tail.remove(key, at: commit)
        case .segment(let segment, let row): segment.deaths.record(row, at: commit)
        }
    }

    /// Ends a commit, and returns the index as of it.
    ///
    /// - Parameters:
    ///   - position: the position in the store's log, in any form.
    ///   - isAhead: whether the store is not as far yet as the index, so that a search has to compare the store's entries.
    /// - Throws: `FileProblem` if a file is not as it was written; `VectorProblem` with code `.outOfMemory`; the errors of the entries from
    ///   which it is made anew. If a commit cannot be written, the index goes on in memory.
    package func commit(at position: String, isAhead: Bool = false) throws -> IndexSnapshot {
        self.isAhead = isAhead
        let isRebuilt = try takeRebuilt()
        // An index that is not complete has no position, so that it is made anew if the process ends now.
        let position = isComplete ? position : ""
        if disk.reason != nil || !changes.isEmpty || position != self.position { try write(changes, at: position) }
        changes.removeAll(keepingCapacity: true)
        self.position = position
        // There may be no other commit, and no checkpoint, before the system ends.
        if isRebuilt { try checkpoint() }
        let snapshot = snapshot(of: commit)
        if commit < .max - 1 { commit += 1 }
        return try makeSegments() ? self.snapshot(of: commit - 1) : snapshot
    }

    private func snapshot(of commit: UInt32) -> IndexSnapshot {
        IndexSnapshot(
            format: format, segments: segments, tails: (fullTails + [tail]).filter { $0.count > 0 }.map(\.view),
            commit: commit, count: count, isComplete: isComplete && !isAhead, recall: recall, searches: searches,
            rebuild: rebuild, fileProblem: disk.reason)
    }

    // MARK: Making it anew

    /// Empties the index and fills it from all entries of a store: on another thread, or at once for an index without a directory.
    /// Changes that are applied from now on are newer than the entries.
    ///
    /// - Parameter entries: calls its argument with the key, the vector and the attributes of each entry until that returns `false`.
    func rebuildAll(from entries: @escaping IndexRebuild.Entries) throws {
        try removeAll()
        if isInMemory { waitingEntries = entries } else { startRebuild(from: entries) }
    }

    func startRebuild(from entries: @escaping IndexRebuild.Entries) {
        let rebuild = IndexRebuild(
            of: entries, format: format, settings: settings, directory: files?.directory,
            nameSegment: { [names = files?.segmentNames] in names?.next() ?? "" },
            pause: { [threads, isAlone = files == nil] in if !isAlone { threads.letSmallWorkGoFirst() } })
        self.rebuild = rebuild
        if files == nil { rebuild.run() } else { threads.run(.large) { rebuild.run() } }
    }

    /// Whether every entry of the store is in the index.
    private var isComplete: Bool { rebuild == nil && waitingEntries == nil }

    /// Makes an index without attributes anew, like ``rebuildAll(from:)``.
    ///
    /// - Parameter entries: calls its argument with the key and the vector of each entry until that returns `false`.
    package func rebuild(
        from entries:
            @escaping @Sendable (
                _ body: (_ key: UnsafeRawBufferPointer, _ vector: [Float]) throws -> Bool
            ) throws -> Void
    ) throws {
        try rebuildAll { body in try entries { key, vector in try body(key, vector, []) } }
    }

    /// The number of entries that have been read to make the index anew; `nil` if it is complete.
    package var rebuiltCount: Int? { isComplete ? nil : rebuild?.count ?? 0 }

    /// Takes the segments over that were made of a store's entries. The manifest names them before a commit has a position.
    ///
    /// - Returns: whether there were any, so that the index is complete now.
    private func takeRebuilt() throws -> Bool {
        guard let rebuild, let result = rebuild.result else { return false }
        self.rebuild = nil
        if case .failure(let problem as FileProblem) = result, problem.isOfSystem {
            waitingEntries = rebuild.entries
            disk.record(problem)
            return false
        }
        let made = try result.get()
        for segment in made {
            for row in 0..<segment.count where segment.withKey(row, { changedKeys.contains(Array($0)) }) {
                segment.deaths.record(row, at: 1)
            }
            count += segment.count - segment.deaths.count
        }
        segments += made
        changedKeys = []
        try installSegments(replacing: [])
        return true
    }

    // MARK: Life

    /// Makes the last commit survive the end of the system.
    ///
    /// - Throws: nothing for files that cannot be written: the index is then made anew when it is opened again.
    package func checkpoint() throws {
        if disk.reason == nil { try withFiles { try files?.sync() } } else { disk.countCheckpoint() }
    }

    /// Empties the index.
    package func removeAll() throws {
        close()
        (segments, fullTails, changes, position, count) = ([], [], [], "", 0)
        disk.recover()
        try files?.removeManifest()
        try withFiles { try files?.beginAnew() }
        tail = newTail(firstLog: files?.currentLog ?? 0)
    }

    /// Whether a commit without changes would take something over, or try to write the files again.
    package var isCommitWanted: Bool {
        builds.contains { $0.result != nil } || rebuild?.result != nil || disk.isRetryWanted
    }

    /// Waits for the segments that are being made, which the next commit takes over. Returns whether there were any.
    package func awaitBuild() -> Bool {
        for build in builds { build.waitForResult() }
        rebuild?.waitForResult()
        return !builds.isEmpty || rebuild != nil
    }

    /// Ends what other threads do for the index.
    package func close() {
        for build in builds { build.cancel() }
        rebuild?.cancel()
        (builds, rebuild, waitingEntries, changedKeys) = ([], nil, nil, [])
    }
}
