import FoundationEssentials

/// What is committed beside an offset: the partition's time, in Kafka Streams' `TopicPartitionMetadata` format, version 2.
///
/// Base64 of a version byte, 8 bytes of milliseconds (big endian), and processor metadata, which is kept as it was read.
package struct OffsetMetadata: Hashable, Sendable {
    package var partitionTimeMs: Int64

    package init(partitionTimeMs: Int64) {
        self.partitionTimeMs = partitionTimeMs
    }

    package func encoded() -> String {
        var bytes: [UInt8] = [2]
        withUnsafeBytes(of: partitionTimeMs.bigEndian) { bytes.append(contentsOf: $0) }
        return Data(bytes).base64EncodedString()
    }

    /// Reads metadata of version 1 or 2; `nil` for anything else, which somebody other than a streams application wrote.
    package static func decode(_ text: String) -> OffsetMetadata? {
        guard let bytes = Data(base64Encoded: text).map(Array.init), bytes.count >= 9,
            bytes[0] == 1 || bytes[0] == 2
        else { return nil }
        let time = bytes[1..<9].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return OffsetMetadata(partitionTimeMs: Int64(bitPattern: time))
    }
}
