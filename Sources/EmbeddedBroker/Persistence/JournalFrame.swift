import ClusterCore

/// The format of a unit of changes in a file: its length, the checksum (CRC-32C) of its bytes, its bytes. A unit counts as a
/// whole or not at all: if the end of the file cuts it short or its checksum is wrong, it was never acknowledged.
enum JournalFrame {
    static let headerSizeInBytes = 12

    /// The changes as one unit.
    static func encode(_ changes: [ClusterChange]) -> [UInt8] {
        frame(ClusterChange.encode(changes))
    }

    /// One unit of changes that are encoded already.
    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(headerSizeInBytes + bytes.count)
        frame.appendBigEndian(UInt64(bytes.count))
        frame.appendBigEndian(CRC32C.checksum(bytes))
        frame += bytes
        return frame
    }

    /// Reads units from the start of the file, until its end or one that is not whole.
    ///
    /// - Parameter unit: takes a unit's bytes and its position.
    /// - Returns: the end of the last whole unit.
    static func read(_ file: JournalFile, _ unit: ([UInt8], Int) throws -> Void) throws -> Int {
        let size = try file.sizeInBytes()
        var position = 0
        while position + headerSizeInBytes <= size {
            let header = try file.read(headerSizeInBytes, at: position)
            guard header.count == headerSizeInBytes else { break }
            let left = size - position - headerSizeInBytes
            guard let length = Int(exactly: header.loadBigEndian(at: 0) as UInt64), length > 0, length <= left else {
                break
            }
            let bytes = try file.read(length, at: position + headerSizeInBytes)
            guard bytes.count == length, CRC32C.checksum(bytes) == header.loadBigEndian(at: 8) else { break }
            try unit(bytes, position)
            position += headerSizeInBytes + length
        }
        return position
    }
}
