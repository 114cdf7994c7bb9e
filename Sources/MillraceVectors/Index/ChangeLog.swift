/// A change of an index.
struct IndexChange {
    var key: [UInt8]
    /// `nil` if the key is deleted.
    var entry: IndexEntry?
}

/// What an index has of an entry of a store.
struct IndexEntry: Sendable {
    /// The row in the exact format.
    var row: [UInt8]
    var attributes: AttributeRow
}

/// The changes of some commits in a file, from which the rows that are in no segment yet are restored.
///
/// It begins with the number of the commit before it, and the CRC-32C of that. A frame for each commit follows: size and CRC-32C of the rest, number of the commit, position, number of changes, changes. What a process has
/// written survives its end; `sync` makes it survive that of the system.
final class ChangeLog {
    let number: Int
    private let file: any IndexFile
    private var frame = ByteEncoder()

    static func name(_ number: Int) -> String { "log-\(number)" }

    /// Creates an empty log.
    ///
    /// - Parameter commit: the number of the last commit before it.
    init(creating number: Int, after commit: UInt64, in directory: any IndexDirectory) throws {
        self.number = number
        file = try directory.create(Self.name(number))
        var head = ByteEncoder()
        head.append(commit)
        head.appendChecksum()
        try write(head.bytes)
        try file.sync()
        try directory.sync()
    }

    /// Opens a log to add to it after the frames that are valid.
    init(continuing number: Int, in directory: any IndexDirectory, at size: Int) throws {
        self.number = number
        file = try directory.open(Self.name(number), at: size)
    }

    /// Writes a commit.
    func append(_ commit: UInt64, position: String, _ changes: [IndexChange]) throws {
        frame.removeAll()
        frame.append(commit)
        frame.append(position.utf8)
        frame.append(UInt32(truncatingIfNeeded: changes.count))
        for change in changes {
            frame.append(change.entry == nil ? UInt8(0) : 1)
            frame.append(change.key)
            if let entry = change.entry {
                frame.append(entry.row)
                frame.append(entry.attributes)
            }
        }
        var head = ByteEncoder()
        head.append(UInt64(frame.bytes.count))
        head.append(frame.bytes.withUnsafeBytes { Checksum.crc32c(of: $0) })
        try write(head.bytes + frame.bytes)
    }

    private func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try file.append($0) } }

    func sync() throws { try file.sync() }

    /// A commit as a log has it.
    struct Commit {
        var number: UInt64
        var position: String
        var changes: [IndexChange]
    }

    /// Reads the valid frames from the beginning of a log. A frame that was not written to its end is the last one.
    ///
    /// - Returns: the number of the last commit in it or before it, the size up to the end of the valid frames, and whether nothing
    ///   follows them; `nil` if not even the beginning was written.
    static func read(
        _ number: Int, in directory: any IndexDirectory, _ body: (Commit) throws -> Void
    ) throws -> (commit: UInt64, size: Int, isWhole: Bool)? {
        guard let bytes = try directory.read(name(number)) else {
            throw FileProblem.damaged(name(number), "the log is missing")
        }
        return try bytes.withUnsafeBytes { bytes in
            var decoder = ByteDecoder(bytes)
            guard let before = decoder.number(UInt64.self),
                decoder.number() == Checksum.crc32c(of: UnsafeRawBufferPointer(rebasing: bytes[..<8]))
            else { return nil }
            var (reached, size) = (before, bytes.count - decoder.restCount)
            while let commit = nextCommit(&decoder) {
                guard commit.number == reached &+ 1 else {
                    throw FileProblem.damaged(name(number), "a commit is missing")
                }
                try body(commit)
                (reached, size) = (commit.number, bytes.count - decoder.restCount)
            }
            return (reached, size, size == bytes.count)
        }
    }

    private static func nextCommit(_ decoder: inout ByteDecoder) -> Commit? {
        guard let size = decoder.count(), let checksum = decoder.number(UInt32.self), let frame = decoder.take(size),
            Checksum.crc32c(of: frame) == checksum
        else { return nil }
        var inner = ByteDecoder(frame)
        guard let number = inner.number(UInt64.self), let position = inner.run(), let count = inner.number(UInt32.self)
        else { return nil }
        var commit = Commit(number: number, position: String(decoding: position, as: UTF8.self), changes: [])
        for _ in 0..<count {
            guard let kind = inner.number(UInt8.self), let key = inner.run() else { return nil }
            if kind == 0 {
                commit.changes.append(IndexChange(key: Array(key)))
            } else {
                guard let row = inner.run(), let attributes = inner.attributes() else { return nil }
                let entry = IndexEntry(row: Array(row), attributes: attributes)
                commit.changes.append(IndexChange(key: Array(key), entry: entry))
            }
        }
        return commit
    }
}
