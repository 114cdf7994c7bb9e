/// The compressions of a batch's records, with Kafka's numbers.
package enum CompressionCodec: Int16, Sendable {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4
}

/// The attribute bits of a batch header.
package struct RecordBatchAttributes: Hashable, Sendable {
    package static let logAppendTimeBit: Int16 = 0x08
    package static let transactionalBit: Int16 = 0x10
    package static let controlBit: Int16 = 0x20

    package var rawValue: Int16

    package init(rawValue: Int16) {
        self.rawValue = rawValue
    }

    /// Nil for a number no codec has.
    package var compression: CompressionCodec? { CompressionCodec(rawValue: rawValue & 0x07) }
    package var hasLogAppendTime: Bool { rawValue & Self.logAppendTimeBit != 0 }
    package var isTransactional: Bool { rawValue & Self.transactionalBit != 0 }
    package var isControl: Bool { rawValue & Self.controlBit != 0 }
}

/// The header of a record batch, format v2.
///
/// Source: `org.apache.kafka.common.record.DefaultRecordBatch`. All numbers are big-endian; the checksum covers
/// everything from the attributes on.
package struct RecordBatchHeader: Hashable, Sendable {
    package static let sizeInBytes = 61
    static let baseOffsetPosition = 0
    static let lengthPosition = 8
    static let leaderEpochPosition = 12
    static let magicPosition = 16
    static let checksumPosition = 17
    static let attributesPosition = 21
    static let lastOffsetDeltaPosition = 23
    static let baseTimestampPosition = 27
    static let maxTimestampPosition = 35
    static let producerIDPosition = 43
    static let producerEpochPosition = 51
    static let baseSequencePosition = 53
    static let recordCountPosition = 57

    package var baseOffset: Int64 = 0
    /// The whole batch with this header.
    package var sizeInBytes = RecordBatchHeader.sizeInBytes
    package var leaderEpoch: Int32 = -1
    package var checksum: UInt32 = 0
    package var attributes = RecordBatchAttributes(rawValue: 0)
    package var lastOffsetDelta: Int32 = 0
    package var baseTimestampMs: Int64 = -1
    package var maxTimestampMs: Int64 = -1
    package var producer = ProducerIdentity.none
    /// -1 without idempotence.
    package var baseSequence: Int32 = -1
    package var recordCount: Int32 = 0

    package init() {}

    /// Reads the header at the start of the bytes; more may follow the batch.
    /// - Throws: ``RecordFormatError`` if the bytes are shorter than the batch or not of format v2.
    package init(parsing bytes: [UInt8]) throws(RecordFormatError) {
        try self.init(parsing: bytes[...])
    }

    /// Reads the header at the start of the slice; more may follow the batch.
    /// - Throws: ``RecordFormatError`` if the bytes are shorter than the batch or not of format v2.
    package init(parsing bytes: ArraySlice<UInt8>) throws(RecordFormatError) {
        guard bytes.count > Self.magicPosition else { throw .truncated }
        let magic = Int8(bitPattern: bytes[bytes.startIndex + Self.magicPosition])
        guard magic == 2 else { throw .unsupportedMagic(magic) }
        guard bytes.count >= Self.sizeInBytes else { throw .truncated }
        let start = bytes.startIndex
        let length: Int32 = bytes.loadBigEndian(at: start + Self.lengthPosition)
        guard length >= Self.sizeInBytes - 12 else { throw .wrongLength }
        guard Int(length) + 12 <= bytes.count else { throw .truncated }
        sizeInBytes = Int(length) + 12
        baseOffset = bytes.loadBigEndian(at: start + Self.baseOffsetPosition)
        leaderEpoch = bytes.loadBigEndian(at: start + Self.leaderEpochPosition)
        checksum = bytes.loadBigEndian(at: start + Self.checksumPosition)
        attributes.rawValue = bytes.loadBigEndian(at: start + Self.attributesPosition)
        lastOffsetDelta = bytes.loadBigEndian(at: start + Self.lastOffsetDeltaPosition)
        baseTimestampMs = bytes.loadBigEndian(at: start + Self.baseTimestampPosition)
        maxTimestampMs = bytes.loadBigEndian(at: start + Self.maxTimestampPosition)
        producer.producerID = bytes.loadBigEndian(at: start + Self.producerIDPosition)
        producer.epoch = bytes.loadBigEndian(at: start + Self.producerEpochPosition)
        baseSequence = bytes.loadBigEndian(at: start + Self.baseSequencePosition)
        recordCount = bytes.loadBigEndian(at: start + Self.recordCountPosition)
        guard lastOffsetDelta >= 0, recordCount >= 0 else { throw .malformed }
    }

    /// The sequence number of the last record, wrapped around after `Int32.max`; -1 without idempotence.
    package var lastSequence: Int32 {
        baseSequence < 0 ? -1 : Self.advance(baseSequence, by: lastOffsetDelta)
    }

    /// The sequence number this many records later; 0 follows `Int32.max`.
    package static func advance(_ sequence: Int32, by count: Int32) -> Int32 {
        Int32((Int64(sequence) + Int64(count)) & Int64(Int32.max))
    }
}
