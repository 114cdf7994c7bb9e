/// How a unit of changes lies in a file: its length, the checksum (CRC-32C) of its bytes, its bytes. A unit counts as a
/// whole or not at all: one that the end of the file cuts short, or whose checksum is wrong, was never acknowledged.
enum JournalFrame {
    static let headerSizeInBytes = 8

    /// Changes that are to be written together.
    struct Unit {
        private var frame = [UInt8](repeating: 0, count: headerSizeInBytes)

        /// Without the header.
        var sizeInBytes: Int { frame.count - headerSizeInBytes }

        mutating func add(_ change: ClusterChange) {
            change.encode(into: &frame)
        }

        /// The unit's bytes, the header in front.
        consuming func finished() -> [UInt8] {
            frame.storeBigEndian(UInt32(sizeInBytes), at: 0)
            frame.storeBigEndian(checksum(frame[headerSizeInBytes...]), at: 4)
            return frame
        }
    }

    /// Reads units from the start of the file, until its end or one that is not whole.
    ///
    /// - Returns: where the last whole unit ends.
    static func read(_ file: JournalFile, _ unit: ([UInt8]) throws -> Void) throws -> Int {
        let size = try file.sizeInBytes()
        var position = 0
        while position + headerSizeInBytes <= size {
            let header = try file.read(headerSizeInBytes, at: position)
            guard header.count == headerSizeInBytes else { break }
            let length = Int(header.loadBigEndian(at: 0) as UInt32)
            guard length > 0, position + headerSizeInBytes + length <= size else { break }
            let bytes = try file.read(length, at: position + headerSizeInBytes)
            guard bytes.count == length, checksum(bytes[...]) == header.loadBigEndian(at: 4) else { break }
            try unit(bytes)
            position += headerSizeInBytes + length
        }
        return position
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.withUnsafeBytes { CRC32C.checksum($0) }
    }
}
