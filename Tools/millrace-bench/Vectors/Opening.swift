import Foundation
import MillraceVectors

/// The time that an index on disk takes until it is open and has answered its first search.
package struct Opening: Codable, Sendable {
    package var entries: Int
    package var dimensions: Int
    package var segmentCount: Int
    package var sizeInBytes: Int
    /// The entries that are in logs only.
    package var loggedCount: Int
    /// Of opening it, by round, with its files in the system's memory.
    package var seconds: [Double] = []
    /// The same with files that have to be read from the disk.
    package var coldSeconds: [Double] = []
    /// Of the first search afterwards, in milliseconds.
    package var firstSearchMs: [Double] = []
    package var coldFirstSearchMs: [Double] = []

    /// Makes an index and opens it several times.
    ///
    /// - Parameters:
    ///   - set: the entries.
    ///   - folder: an empty folder for the index.
    /// - Throws: the index's errors.
    package init(_ set: VectorSet, rounds: Int, folder: String, log: (String) -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let format = try IndexFormat(dimensions: set.dimensions, metric: .cosine, element: .float32)
        var settings = IndexSettings(for: format)
        // Opening takes as long for good graphs as for poor ones.
        settings.graph.buildEffort = 16
        func open() throws -> IndexCore {
            try IndexCore(format, settings: settings, directory: DiskDirectory(folder))
        }
        let made = try Self.make(set, open(), settings)
        (entries, dimensions) = (made.measures.count, set.dimensions)
        (segmentCount, sizeInBytes) = (made.measures.segmentCount, made.measures.sizeInBytes)
        loggedCount = made.measures.tailCount
        log("\(set.name): \(entries.grouped) entries in \(segmentCount) segments, \(loggedCount.grouped) in logs")
        for _ in 0..<max(1, rounds) {
            for isCold in [true, false] {
                if isCold { try Self.forgetFiles(in: folder) }
                let start = ThreadMeter()
                let core = try open()
                let snapshot = try core.commit(at: core.position)
                let seconds = start.seconds
                let search = ThreadMeter()
                let found = try snapshot.search(near: set.queries[0], count: 10)
                let searchMs = search.seconds * 1e3
                guard snapshot.isComplete, snapshot.measures.count == entries, found.count == 10 else {
                    throw VectorBenchError("the index is not as it was when it was closed")
                }
                core.close()
                if isCold {
                    coldSeconds.append(seconds)
                    coldFirstSearchMs.append(searchMs)
                } else {
                    self.seconds.append(seconds)
                    firstSearchMs.append(searchMs)
                }
            }
        }
    }

    /// Fills an index: most of the set as from a store, the rest by commits, so that the logs have some tails.
    private static func make(_ set: VectorSet, _ core: IndexCore, _ settings: IndexSettings) throws -> IndexSnapshot {
        let logged = min(set.count / 2, settings.tailCount * 5 / 2)
        try core.rebuild { body in
            for row in 0..<(set.count - logged) {
                if try !IndexSubject.key(of: row).withUnsafeBytes({ try body($0, set.vector(row)) }) { return }
            }
        }
        _ = core.awaitBuild()
        var snapshot = try core.commit(at: "0")
        for row in (set.count - logged)..<set.count {
            try core.set(IndexSubject.key(of: row), to: set.vector(row))
            if row % 500 == 0 || row == set.count - 1 { snapshot = try core.commit(at: "\(row)") }
        }
        try core.checkpoint()
        core.close()
        return snapshot
    }

    /// Removes the contents of files from the system's memory, as far as they are on the disk.
    private static func forgetFiles(in folder: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let file = open("\(folder)/\(name)", O_RDONLY)
            guard file >= 0 else { continue }
            defer { close(file) }
            posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
        }
    }
}
