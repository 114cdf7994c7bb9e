import ClusterCore

/// Reads the consecutive batches in a part of a segment.
struct SegmentReader {
    private static let chunkSizeInBytes = 256 << 10

    private let files: SegmentFiles
    private let segment: UInt64
    private let end: Int
    private let chunkSizeInBytes: Int
    private var position: Int
    private var buffer: [UInt8] = []
    /// The position of the buffer's first byte in the segment.
    private var bufferStart: Int

    init(
        _ files: SegmentFiles, _ segment: LogSegment, from position: Int, to end: Int,
        chunkSizeInBytes: Int = Self.chunkSizeInBytes
    ) {
        self.files = files
        self.segment = segment.number
        self.position = position
        self.end = end
        self.chunkSizeInBytes = chunkSizeInBytes
        bufferStart = position
    }

    /// The next batch; nil at the end.
    /// - Throws: ``StorageFailure`` if it cannot be read, or is none.
    mutating func next() throws(StorageFailure) -> RecordBatch? {
        guard position < end else { return nil }
        try load(RecordBatchHeader.sizeInBytes)
        let start = position - bufferStart
        let length: Int32 = buffer.loadBigEndian(at: start + 8)
        guard length > 0, Int(length) + 12 <= end - position else { throw damage }
        let size = Int(length) + 12
        try load(size)
        let first = position - bufferStart
        guard let batch = try? RecordBatch(Array(buffer[first..<(first + size)])) else { throw damage }
        position += size
        return batch
    }

    private var damage: StorageFailure {
        StorageFailure("segment \(segment) is damaged at byte \(position)", isDamage: true)
    }

    /// Makes sure that this many bytes from the position on are in the buffer.
    private mutating func load(_ count: Int) throws(StorageFailure) {
        guard position + count > bufferStart + buffer.count else { return }
        let wanted = min(max(count, chunkSizeInBytes), end - position)
        buffer = try files.read(segment, position..<(position + wanted))
        bufferStart = position
        guard buffer.count >= count else { throw damage }
    }
}

/// A read of batches from segment files.
struct SegmentRead: StoredBatches {
    let files: SegmentFiles
    /// The segments that may have them, in order.
    let segments: [LogSegment]
    let offset: Int64
    /// All batches end before it.
    let end: Int64
    let maxBytes: Int
    let atLeastOneBatch: Bool

    func read() throws(StorageFailure) -> [RecordBatch] {
        var found: [RecordBatch] = []
        var size = 0
        let chunk = min(max(maxBytes, 0), 1 << 20) + LogSegment.blockSizeInBytes
        for segment in segments {
            var reader = SegmentReader(
                files, segment, from: segment.position(reaching: offset), to: segment.end, chunkSizeInBytes: chunk)
            while let batch = try reader.next() {
                guard batch.lastOffset >= offset else { continue }
                guard batch.lastOffset < end else { return found }
                size += batch.bytes.count
                guard size <= maxBytes || (found.isEmpty && atLeastOneBatch) else { return found }
                found.append(batch)
            }
        }
        return found
    }
}

/// Writes batches into new segments, which belong to no log yet.
struct SegmentWriter {
    private static let chunkSizeInBytes = 256 << 10

    private let storage: SegmentStorage
    private let segmentSizeInBytes: Int
    private(set) var segments: [LogSegment] = []
    /// The end of the last segment, not written yet.
    private var buffer: [UInt8] = []

    init(_ storage: SegmentStorage, segmentSizeInBytes: Int) {
        self.storage = storage
        self.segmentSizeInBytes = segmentSizeInBytes
    }

    mutating func append(_ batch: RecordBatch) throws(StorageFailure) {
        if segments.last.map({ $0.end + batch.bytes.count > segmentSizeInBytes }) ?? true {
            try writeBuffer()
            segments.append(LogSegment(number: storage.newSegment()))
        }
        segments[segments.count - 1].append(batch.header)
        buffer += batch.bytes
        if buffer.count >= Self.chunkSizeInBytes { try writeBuffer() }
    }

    /// Writes what is left and forces all of it to the disk.
    mutating func finish() throws(StorageFailure) {
        try writeBuffer()
        do {
            try storage.files.flush(segments.map(\.number))
        } catch {
            throw StorageFailure(error.description)
        }
    }

    private mutating func writeBuffer() throws(StorageFailure) {
        guard !buffer.isEmpty, let last = segments.last else { return }
        try storage.write(buffer, to: last.number, at: last.end - buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }
}
