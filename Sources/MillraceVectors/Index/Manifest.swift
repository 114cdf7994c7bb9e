/// The list of the files that an index consists of. It is written last, so everything that it names is complete.
struct Manifest: Equatable {
    struct Part: Equatable {
        var name: String
        var rowCount: Int
        /// The rows that had died, as bits.
        var deadRows: [UInt8]
    }

    /// The number of the last commit when it was written. The logs have at least this one.
    var commit: UInt64
    var position: String
    /// The format of the index, as `IndexFormat.bytes`.
    var format: [UInt8]
    var segments: [Part]
    /// The number of the first log with changes that are in no segment.
    var firstLog: Int

    static let name = "manifest"
    private static let magic: UInt64 = 0x3246_494e_414d_4c4d

    func write(in directory: any IndexDirectory) throws {
        var encoder = ByteEncoder()
        encoder.append(Self.magic)
        encoder.append(commit)
        encoder.append(position.utf8)
        encoder.append(format)
        encoder.append(UInt64(firstLog))
        encoder.append(UInt32(segments.count))
        for segment in segments {
            encoder.append(segment.name.utf8)
            encoder.append(UInt64(segment.rowCount))
            encoder.append(segment.deadRows)
        }
        encoder.appendChecksum()
        try directory.write(Self.name) { file in try encoder.bytes.withUnsafeBytes { try file.append($0) } }
    }

    /// Reads the manifest of a directory; `nil` if there is none.
    ///
    /// - Throws: `FileProblem` of kind `.damaged` if it is not as it was written.
    static func read(in directory: any IndexDirectory) throws -> Manifest? {
        guard let bytes = try directory.read(name) else { return nil }
        guard let manifest = bytes.withUnsafeBytes(decode) else {
            throw FileProblem.damaged(name, "it is not as it was written")
        }
        return manifest
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) -> Manifest? {
        guard bytes.count > 4 else { return nil }
        let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count - 4)])
        var end = ByteDecoder(UnsafeRawBufferPointer(rebasing: bytes[(bytes.count - 4)...]))
        guard end.number() == Checksum.crc32c(of: covered) else { return nil }
        var decoder = ByteDecoder(covered)
        guard decoder.number() == magic, let commit = decoder.number(UInt64.self), let position = decoder.run(),
            let format = decoder.run(), let firstLog = decoder.count(), let count = decoder.number(UInt32.self)
        else { return nil }
        var manifest = Manifest(
            commit: commit, position: String(decoding: position, as: UTF8.self), format: Array(format), segments: [],
            firstLog: firstLog)
        for _ in 0..<count {
            guard let name = decoder.run(), let rowCount = decoder.count(), let deadRows = decoder.run(),
                deadRows.count == (rowCount + 7) / 8
            else { return nil }
            manifest.segments.append(
                Part(name: String(decoding: name, as: UTF8.self), rowCount: rowCount, deadRows: Array(deadRows)))
        }
        return decoder.isAtEnd ? manifest : nil
    }
}
