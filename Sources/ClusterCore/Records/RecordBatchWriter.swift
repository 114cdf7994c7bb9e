/// Builds an uncompressed record batch, format v2.
///
/// ```swift
/// var writer = RecordBatchWriter(producer: producer, baseSequence: 0, isTransactional: true)
/// writer.append(key: key, value: nil, timestampMs: nowMs)
/// let bytes = writer.finish()
/// ```
package struct RecordBatchWriter: Sendable {
    /// The bytes so far; the header is filled in at the end.
    private var bytes: [UInt8]
    private var header = RecordBatchHeader()

    /// Begins a batch; without a producer it is neither idempotent nor transactional.
    package init(
        producer: ProducerIdentity = .none, baseSequence: Int32 = -1, isTransactional: Bool = false,
        isControl: Bool = false, baseOffset: Int64 = 0
    ) {
        header.baseOffset = baseOffset
        header.producer = producer
        header.baseSequence = baseSequence
        if isTransactional { header.attributes.rawValue |= RecordBatchAttributes.transactionalBit }
        if isControl { header.attributes.rawValue |= RecordBatchAttributes.controlBit }
        bytes = [UInt8](repeating: 0, count: RecordBatchHeader.sizeInBytes)
    }

    /// Begins a batch with another's header, as compaction does: offsets, times, producer and sequence stay.
    init(replacing header: RecordBatchHeader) {
        self.header = header
        self.header.attributes.rawValue &= ~0x07
        self.header.recordCount = 0
        bytes = [UInt8](repeating: 0, count: RecordBatchHeader.sizeInBytes)
    }

    /// The records added.
    package var recordCount: Int { Int(header.recordCount) }
    /// The present size of the batch.
    package var sizeInBytes: Int { bytes.count }

    /// Adds a record at the next offset.
    package mutating func append(
        key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader] = [], timestampMs: Int64
    ) {
        if header.recordCount == 0 {
            header.baseTimestampMs = timestampMs
            header.maxTimestampMs = timestampMs
        }
        header.maxTimestampMs = max(header.maxTimestampMs, timestampMs)
        header.lastOffsetDelta = header.recordCount
        write(offsetDelta: header.recordCount, timestampMs: timestampMs, key: key?[...], value: value?[...], headers)
    }

    /// Adds a record of the replaced batch at its offset, which must lie in the header's range.
    mutating func retain(_ record: Record) {
        let delta = Int32(truncatingIfNeeded: record.offset - header.baseOffset)
        write(
            offsetDelta: delta, timestampMs: record.timestampMs, key: record.key, value: record.value, record.headers)
    }

    private mutating func write(
        offsetDelta: Int32, timestampMs: Int64, key: ArraySlice<UInt8>?, value: ArraySlice<UInt8>?,
        _ headers: [RecordHeader]
    ) {
        header.recordCount += 1
        // Readers wrap around, too: no time that a producer may send is too far from another.
        let timestampDelta = timestampMs &- header.baseTimestampMs
        var size = 1 + Varint.size(timestampDelta) + Varint.size(Int64(offsetDelta))
        size += Self.size(key) + Self.size(value) + Varint.size(Int64(headers.count))
        for field in headers {
            size += Varint.size(Int64(field.key.utf8.count)) + field.key.utf8.count + Self.size(field.value?[...])
        }
        Varint.append(Int64(size), to: &bytes)
        bytes.append(0)
        Varint.append(timestampDelta, to: &bytes)
        Varint.append(Int64(offsetDelta), to: &bytes)
        append(key)
        append(value)
        Varint.append(Int64(headers.count), to: &bytes)
        for field in headers {
            Varint.append(Int64(field.key.utf8.count), to: &bytes)
            bytes.append(contentsOf: field.key.utf8)
            append(field.value?[...])
        }
    }

    private static func size(_ field: ArraySlice<UInt8>?) -> Int {
        field.map { Varint.size(Int64($0.count)) + $0.count } ?? 1
    }

    private mutating func append(_ field: ArraySlice<UInt8>?) {
        guard let field else { return Varint.append(-1, to: &bytes) }
        Varint.append(Int64(field.count), to: &bytes)
        bytes.append(contentsOf: field)
    }

    /// The batch's bytes, with length and checksum.
    package consuming func finish() -> [UInt8] {
        typealias Header = RecordBatchHeader
        bytes.storeBigEndian(header.baseOffset, at: Header.baseOffsetPosition)
        bytes.storeBigEndian(Int32(bytes.count - 12), at: Header.lengthPosition)
        bytes.storeBigEndian(header.leaderEpoch, at: Header.leaderEpochPosition)
        bytes.storeBigEndian(Int8(2), at: Header.magicPosition)
        bytes.storeBigEndian(header.attributes.rawValue, at: Header.attributesPosition)
        bytes.storeBigEndian(header.lastOffsetDelta, at: Header.lastOffsetDeltaPosition)
        bytes.storeBigEndian(header.baseTimestampMs, at: Header.baseTimestampPosition)
        bytes.storeBigEndian(header.maxTimestampMs, at: Header.maxTimestampPosition)
        bytes.storeBigEndian(header.producer.producerID, at: Header.producerIDPosition)
        bytes.storeBigEndian(header.producer.epoch, at: Header.producerEpochPosition)
        bytes.storeBigEndian(header.baseSequence, at: Header.baseSequencePosition)
        bytes.storeBigEndian(header.recordCount, at: Header.recordCountPosition)
        bytes.storeBigEndian(bytes.recordBatchChecksum(), at: Header.checksumPosition)
        return bytes
    }
}
