/// A record batch, format v2, as a log stores it: its bytes and its parsed header.
package struct RecordBatch: Sendable, Hashable {
    package private(set) var header: RecordBatchHeader
    /// The whole batch, header included.
    package private(set) var bytes: [UInt8]

    /// Takes the bytes of exactly one batch, without checking the checksum.
    /// - Throws: ``RecordFormatError`` if the length or the format version is wrong.
    package init(_ bytes: [UInt8]) throws(RecordFormatError) {
        header = try RecordBatchHeader(parsing: bytes)
        guard header.sizeInBytes == bytes.count else { throw .wrongLength }
        self.bytes = bytes
    }

    /// The same batch at an offset of a log. Both fields lie outside the checksum.
    package mutating func place(at baseOffset: Int64, leaderEpoch: Int32) {
        header.baseOffset = baseOffset
        header.leaderEpoch = leaderEpoch
        bytes.storeBigEndian(baseOffset, at: RecordBatchHeader.baseOffsetPosition)
        bytes.storeBigEndian(leaderEpoch, at: RecordBatchHeader.leaderEpochPosition)
    }

    /// Gives all records the broker's time, for topics with `message.timestamp.type=LogAppendTime`.
    package mutating func stamp(appendTimeMs: Int64) {
        header.attributes.rawValue |= RecordBatchAttributes.logAppendTimeBit
        header.maxTimestampMs = appendTimeMs
        bytes.storeBigEndian(header.attributes.rawValue, at: RecordBatchHeader.attributesPosition)
        bytes.storeBigEndian(appendTimeMs, at: RecordBatchHeader.maxTimestampPosition)
        header.checksum = bytes.recordBatchChecksum()
        bytes.storeBigEndian(header.checksum, at: RecordBatchHeader.checksumPosition)
    }

    /// Whether the checksum fits the bytes.
    package var hasValidChecksum: Bool { bytes.recordBatchChecksum() == header.checksum }

    /// The offset of the first record.
    package var baseOffset: Int64 { header.baseOffset }
    /// The offset of the last record, also where compaction removed that one.
    package var lastOffset: Int64 { header.baseOffset + Int64(header.lastOffsetDelta) }
}

/// The reasons why bytes are no record batch of format v2.
package enum RecordFormatError: Error, Hashable, Sendable {
    /// Shorter than a header, or than the header says.
    case truncated
    /// The length field does not fit the bytes.
    case wrongLength
    /// Format v0 or v1, or one of the future.
    case unsupportedMagic(Int8)
    /// Impossible counts, lengths or varints inside.
    case malformed
    /// The records are compressed and no codec for that was given.
    case compressed
    /// The compressed records do not unpack.
    case corrupt
    /// The compressed records unpack to more than the codec allows.
    case tooLarge
}

extension RecordBatch {
    /// An empty batch, which overwrites a removed one.
    static let empty = RecordBatch()

    private init() {
        header = RecordBatchHeader()
        bytes = []
    }
}
