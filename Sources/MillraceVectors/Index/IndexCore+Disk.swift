// An index whose files cannot be written, such as on a full disk, goes on in memory: its position on disk stays behind that of the store,
// so that it is made anew if the process ends now. Full tails become segments in memory. As soon as there is room again, all rows that
// are in no file are written to a new log, and the segments in memory are merged into one on disk, as if they were tails.
extension IndexCore {
    /// Performs something with files. If the system refuses it, the index goes on in memory.
    ///
    /// - Throws: what `body` throws, but not a `FileProblem` of kind `.system`.
    func withFiles(_ body: () throws -> Void) throws {
        do { try body() } catch let problem as FileProblem {
            guard problem.isOfSystem else { throw problem }
            disk.record(problem)
        }
    }

    /// Whether new segments have no files, though the index has a directory.
    var isInMemory: Bool { files != nil && disk.reason != nil }

    /// Writes a commit down, or everything if a failure has come before it.
    func write(_ changes: [IndexChange], at position: String) throws {
        guard let files else { return }
        guard disk.reason != nil else {
            return try withFiles { try files.append(position: position, changes) }
        }
        if disk.isRetryDue() { try recover(files, at: position) }
    }

    private func recover(_ files: IndexFiles, at position: String) throws {
        try withFiles {
            try files.recover(rowsWithoutFiles(), segments: segments, position: position)
            disk.recover()
            for tail in fullTails + [tail] { tail.firstLog = files.currentLog }
            memoryLog = files.currentLog
        }
        if disk.reason == nil, let entries = waitingEntries {
            waitingEntries = nil
            startRebuild(from: entries)
        }
    }

    /// The living rows of tails and of segments in memory, as changes.
    private func rowsWithoutFiles() throws -> [IndexChange] {
        let parts =
            segments.filter(\.name.isEmpty).map(BuildSource.segment)
            + (fullTails + [tail]).map { BuildSource.tail($0.view) }
        return try parts.flatMap { part in
            try (0..<part.rows.count).filter { !part.deaths.isDead($0) }.map { row in
                IndexChange(
                    key: part.withKey(row) { Array($0) },
                    entry: IndexEntry(
                        row: try part.rows.withRow(row) { Array($0.prefix(format.exact.sizeInBytes)) },
                        attributes: part.attributes(row)))
            }
        }
    }

    /// The first log with rows that are in no segment on disk.
    var firstNeededLog: Int {
        let ofTails = (fullTails.first ?? tail).firstLog
        return segments.contains(where: \.name.isEmpty) ? min(memoryLog, ofTails) : ofTails
    }

    /// Writes a manifest after the segments have changed.
    func installSegments(replacing replaced: [Segment]) throws {
        guard let files else { return }
        let names = replaced.map(\.name).filter { !$0.isEmpty }
        guard disk.reason == nil else { return files.removeLater(names) }
        try withFiles {
            try files.install(segments, position: position, firstLog: firstNeededLog, replaced: names)
        }
    }
}
