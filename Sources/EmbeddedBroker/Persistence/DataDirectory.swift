#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The files of a broker's data directory:
/// - `segments/N`: consecutive record batches;
/// - `journal-N`: the units of changes in order, which say where in the segments the batches lie; the files follow each
///   other by number, the last is written to;
/// - `snapshot-N`: the changes that rebuild the state before `journal-N`; written as `.new`, named when it is whole;
/// - `reserve`: space that is released when the disk is full;
/// - `lock`: held while a broker runs on the directory.
struct DataDirectory: Sendable {
    let path: String

    /// Makes the directory if need be.
    init(_ path: String) throws(JournalFailure) {
        self.path = path
        let segments = path + "/segments"
        var partial = segments.hasPrefix("/") ? "" : "."
        for component in segments.split(separator: "/") {
            partial += "/" + component
            guard mkdir(partial, 0o755) == 0 || errno == EEXIST else { throw JournalFailure("cannot make", partial) }
        }
    }

    func lock() throws(JournalFailure) -> JournalFile {
        let file = try JournalFile("\(path)/lock")
        try file.lock()
        return file
    }

    var reserve: String { "\(path)/reserve" }
    func journal(_ number: UInt64) -> String { "\(path)/journal-\(number)" }
    func snapshot(_ number: UInt64) -> String { "\(path)/snapshot-\(number)" }
    func segment(_ number: UInt64) -> String { "\(path)/segments/\(number)" }
    func unfinishedSnapshot(_ number: UInt64) -> String { snapshot(number) + ".new" }

    /// The numbers of the journals and snapshots there are, ascending.
    func numbers() throws(JournalFailure) -> (journals: [UInt64], snapshots: [UInt64]) {
        var journals: [UInt64] = []
        var snapshots: [UInt64] = []
        for name in try names(in: path) {
            if name.hasPrefix("journal-"), let number = UInt64(name.dropFirst("journal-".count)) {
                journals.append(number)
            } else if name.hasPrefix("snapshot-"), let number = UInt64(name.dropFirst("snapshot-".count)) {
                snapshots.append(number)
            }
        }
        return (journals.sorted(), snapshots.sorted())
    }

    /// Renames the whole snapshot, then removes the files that it replaces.
    func finishSnapshot(_ number: UInt64) throws(JournalFailure) {
        guard rename(unfinishedSnapshot(number), snapshot(number)) == 0 else {
            throw JournalFailure("cannot name", snapshot(number))
        }
        try flushNames(in: path)
        try removeBefore(number)
    }

    /// Removes the files that the snapshot of this number replaces.
    func removeBefore(_ number: UInt64) throws(JournalFailure) {
        let (journals, snapshots) = try numbers()
        for old in journals where old < number { unlink(journal(old)) }
        for old in snapshots where old < number { unlink(snapshot(old)) }
    }

    /// Removes snapshots that were never finished.
    func removeUnfinished() throws(JournalFailure) {
        for name in try names(in: path) where name.hasSuffix(".new") { unlink("\(path)/\(name)") }
    }

    func segmentNumbers() throws(JournalFailure) -> [UInt64] {
        try names(in: path + "/segments").compactMap { UInt64($0) }
    }

    func removeSegment(_ number: UInt64) { unlink(segment(number)) }

    func flushSegmentNames() throws(JournalFailure) { try flushNames(in: path + "/segments") }

    private func flushNames(in path: String) throws(JournalFailure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw JournalFailure("cannot open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw JournalFailure("cannot flush", path) }
    }

    private func names(in path: String) throws(JournalFailure) -> [String] {
        guard let directory = opendir(path) else { throw JournalFailure("cannot read", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }
}
