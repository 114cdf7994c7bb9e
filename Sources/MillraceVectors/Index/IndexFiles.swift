/// The files of an index: a manifest, segments, and logs.
///
/// A commit is a frame of the current log. A segment is written, then the manifest that names it; logs that it makes needless are
/// deleted last. So after a crash at any step the manifest names complete files, and the logs have all that is in none of them.
final class IndexFiles {
    let directory: any IndexDirectory
    let segmentNames = SegmentNames()
    private let format: IndexFormat
    /// The number of the log that commits go to.
    private(set) var currentLog = 0
    private var log: ChangeLog?
    /// The logs with changes that are in no segment, the current one included.
    private var firstLog = 0
    /// The number of commits since the index was made.
    private var commit: UInt64 = 0
    private var isSynced = true
    /// Files that no manifest names any more, as soon as the next one is written.
    private var needless: [String] = []

    init(_ directory: any IndexDirectory, format: IndexFormat) {
        self.directory = directory
        self.format = format
    }

    // MARK: Opening

    /// Opens what the manifest names and deletes everything else; returns `nil` if there is no manifest.
    func open() throws -> (Manifest, [Segment])? {
        try FileProblem.catchingDamage {
            guard let manifest = try Manifest.read(in: directory) else { return nil }
            guard manifest.format == format.bytes else {
                throw FileProblem.damaged(Manifest.name, "it is of an index with other vectors or attributes")
            }
            (commit, firstLog) = (manifest.commit, manifest.firstLog)
            let segments = try manifest.segments.map { part in
                guard SegmentNames.isName(part.name), let region = try directory.contents(of: part.name) else {
                    throw FileProblem.damaged(part.name, "there is no such segment")
                }
                let segment = try Segment(region, named: part.name, format: format)
                guard segment.count == part.rowCount else {
                    throw FileProblem.damaged(part.name, "the segment has \(segment.count) rows, not \(part.rowCount)")
                }
                for row in 0..<part.rowCount where part.deadRows[row >> 3] >> UInt8(row & 7) & 1 == 1 {
                    segment.deaths.record(row, at: 1)
                }
                return segment
            }
            try removeFiles { name in
                name == Manifest.name || manifest.segments.contains { $0.name == name }
                    || Self.logNumber(name).map { $0 >= firstLog } ?? false
            }
            return (manifest, segments)
        }
    }

    /// Reads the commits of the logs, in their order, and goes on at their end.
    func replay(_ manifest: Manifest, _ body: (ChangeLog.Commit, _ log: Int) throws -> Void) throws {
        try FileProblem.catchingDamage {
            let numbers = try directory.names().compactMap(Self.logNumber).sorted()
            guard numbers == Array(firstLog..<(firstLog + numbers.count)), let last = numbers.last else {
                throw FileProblem.damaged(Manifest.name, "a log is missing")
            }
            var reached: UInt64 = 0
            for number in numbers {
                let read = try ChangeLog.read(number, in: directory) { try body($0, number) }
                reached = read?.commit ?? reached
                if number == last {
                    currentLog = number
                    if let read {
                        log = try ChangeLog(continuing: number, in: directory, at: read.size)
                    } else {
                        // The process has ended while it began the log.
                        log = try ChangeLog(creating: number, after: reached, in: directory)
                    }
                } else if read?.isWhole != true {
                    throw FileProblem.damaged(ChangeLog.name(number), "it is not as it was written")
                }
            }
            // The manifest may know of later commits than the logs, if the system has ended before they were on disk.
            guard reached >= manifest.commit else {
                throw FileProblem.damaged(Manifest.name, "the logs end before the manifest")
            }
            commit = reached
            // The process that has written it may have ended before a sync.
            isSynced = false
        }
    }

    // MARK: Writing

    /// Writes a commit to the log.
    func append(position: String, _ changes: [IndexChange]) throws {
        commit += 1
        isSynced = false
        try log?.append(commit, position: position, changes)
    }

    /// Begins a new log.
    func beginLog() throws {
        try sync()
        currentLog += 1
        log = try ChangeLog(creating: currentLog, after: commit, in: directory)
    }

    func sync() throws {
        if isSynced { return }
        try log?.sync()
        isSynced = true
    }

    /// Makes new segments take the place of old ones and of logs. Segments in memory are not named.
    func install(_ segments: [Segment], position: String, firstLog: Int, replaced: [String]) throws {
        removeLater(replaced)
        // The manifest must not name deaths of commits that are in no log.
        try sync()
        try writeManifest(of: segments, position: position, firstLog: firstLog)
        try removeNeedless(before: firstLog)
    }

    /// Deletes files after the next manifest is written.
    func removeLater(_ names: [String]) { needless += names }

    private func writeManifest(of segments: [Segment], position: String, firstLog: Int) throws {
        try Manifest(
            commit: commit, position: position, format: format.bytes,
            segments: segments.filter { !$0.name.isEmpty }.map {
                .init(name: $0.name, rowCount: $0.count, deadRows: $0.deaths.bits(of: $0.count))
            }, firstLog: firstLog
        ).write(in: directory)
    }

    private func removeNeedless(before firstLog: Int) throws {
        for number in self.firstLog..<max(self.firstLog, firstLog) {
            try directory.remove(ChangeLog.name(number))
        }
        self.firstLog = max(self.firstLog, firstLog)
        while let name = needless.last {
            try directory.remove(name)
            needless.removeLast()
        }
    }

    /// After writing has failed: writes all rows that are in no segment on disk to a new log, and a manifest that begins with it.
    ///
    /// - Throws: `FileProblem`; then another call writes everything once more.
    func recover(_ changes: [IndexChange], segments: [Segment], position: String) throws {
        log = nil
        // The gap makes an index damaged that has the new log, but not the manifest, because the logs lack what came between.
        currentLog += 2
        do {
            let log = try ChangeLog(creating: currentLog, after: commit + 1, in: directory)
            try log.append(commit + 2, position: position, changes)
            try log.sync()
            commit += 2
            try writeManifest(of: segments, position: position, firstLog: currentLog)
            self.log = log
        } catch {
            // It would take the room that others need.
            try? directory.remove(ChangeLog.name(currentLog))
            throw error
        }
        isSynced = true
        try removeNeedless(before: currentLog)
    }

    /// Deletes the manifest, so that the index is empty when it is opened again.
    func removeManifest() throws {
        log = nil
        isSynced = true
        try directory.remove(Manifest.name)
        needless = []
        firstLog = currentLog + 1
    }

    /// Deletes everything but the manifest and begins anew.
    func beginAnew() throws {
        try removeFiles { $0 == Manifest.name }
        try beginLog()
        try install([], position: "", firstLog: currentLog, replaced: [])
    }

    private func removeFiles(exceptFor isKept: (String) -> Bool) throws {
        for name in try directory.names() where !isKept(name) {
            try directory.remove(name)
        }
    }

    private static func logNumber(_ name: String) -> Int? { number(in: name, after: "log-") }

    private static func number(in name: String, after prefix: String) -> Int? {
        guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count)), number >= 0,
            name == "\(prefix)\(number)"
        else { return nil }
        return number
    }
}
