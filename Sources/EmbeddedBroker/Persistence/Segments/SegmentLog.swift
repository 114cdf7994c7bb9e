import ClusterCore

/// The batches of one partition in segment files, the newest of them in memory, too.
///
/// Belongs to the broker's event loop.
final class SegmentLog: LogStorage {
    private let storage: SegmentStorage
    private var segments: [LogSegment] = []
    /// The log's last batches, as many as the storage's cache allows.
    private var cached = BatchSequence()
    /// The segment that a write began and that is not part of the log yet.
    private var begun: UInt64?
    /// The position in the first segment of the first batch that was not removed.
    private var start = 0
    private var segmentsSizeInBytes = 0

    init(_ storage: SegmentStorage) {
        self.storage = storage
    }

    var sizeInBytes: Int { segmentsSizeInBytes - start + (segments.first?.start ?? start) }
    var lastBaseOffset: Int64? { segments.last?.lastBaseOffset }
    var content: LogContent { .segments(segments) }

    func write(_ batch: RecordBatch, segmentSizeInBytes: Int?) throws(StorageFailure) -> BatchReference? {
        let limit = storage.size(ofSegmentsOr: segmentSizeInBytes)
        let reference: BatchReference
        if let last = segments.last, last.end + batch.bytes.count <= limit {
            reference = BatchReference(batch, segment: last.number, position: last.end)
        } else {
            let number = begun ?? storage.newSegment()
            begun = number
            reference = BatchReference(batch, segment: number, position: 0)
        }
        try storage.write(batch.bytes, to: reference.segment, at: reference.position)
        return reference
    }

    func append(_ batch: RecordBatch, at reference: BatchReference?) {
        guard let reference else { return }
        if segments.last?.number != reference.segment {
            segments.append(LogSegment(number: reference.segment))
            storage.use(reference.segment)
            begun = nil
            if segments.count == 1 { start = 0 }
        }
        segments[segments.count - 1].append(batch.header)
        segmentsSizeInBytes += batch.bytes.count
        cached.append(batch)
        storage.cache(batch, of: self)
    }

    /// Releases the batches in memory up to the offset.
    func uncache(through offset: Int64) {
        while let first = cached.first, first.lastOffset <= offset { cached.removeFirst() }
    }

    func read(from offset: Int64, below end: Int64, maxBytes: Int, atLeastOneBatch: Bool) -> LogRead {
        if let first = cached.first, first.baseOffset <= offset {
            return .batches(
                cached.read(from: offset, below: end, maxBytes: maxBytes, atLeastOneBatch: atLeastOneBatch))
        }
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].lastOffset < offset { low = middle + 1 } else { high = middle }
        }
        guard low < segments.count, segments[low].firstOffset < end else { return .batches([]) }
        // As many segments as the bytes may be in.
        var last = low
        var size = segments[low].end - segments[low].position(reaching: offset) - LogSegment.blockSizeInBytes
        while size <= maxBytes, last + 1 < segments.count, segments[last + 1].firstOffset < end {
            last += 1
            size += segments[last].sizeInBytes
        }
        let stored = SegmentRead(
            files: storage.files, segments: Array(segments[low...last]), offset: offset, end: end, maxBytes: maxBytes,
            atLeastOneBatch: atLeastOneBatch)
        return .stored(stored, lastOffset: min(end - 1, segments[last].lastOffset))
    }

    func walk(_ enter: (BatchRun) -> BatchRun.Decision, _ batch: (RecordBatch) -> Bool) throws(StorageFailure) {
        for (index, segment) in segments.enumerated() {
            for number in 0..<segment.blockCount {
                let (run, bytes) = segment.block(number)
                switch enter(run) {
                case .stop: return
                case .skip: continue
                case .enter: break
                }
                let from = index == 0 ? max(bytes.lowerBound, start) : bytes.lowerBound
                var reader = SegmentReader(storage.files, segment, from: from, to: bytes.upperBound)
                while let next = try reader.next() {
                    guard batch(next) else { return }
                }
            }
        }
    }

    func removeBatches(endingBefore offset: Int64) {
        while let first = segments.first, first.firstOffset < offset {
            segmentsSizeInBytes -= first.sizeInBytes
            segments[0].removeBlocks(endingBefore: offset)
            guard segments[0].isEmpty else {
                segmentsSizeInBytes += segments[0].sizeInBytes
                start = firstPosition(reaching: offset)
                break
            }
            storage.discard(first.number)
            segments.removeFirst()
            start = segments.first?.start ?? 0
        }
        while let first = cached.first, first.lastOffset < offset { cached.removeFirst() }
    }

    /// The position of the first batch that ends at the offset or later; its block's position if the block cannot be read.
    private func firstPosition(reaching offset: Int64) -> Int {
        let (run, bytes) = segments[0].block(0)
        guard run.firstOffset < offset else { return bytes.lowerBound }
        var reader = SegmentReader(storage.files, segments[0], from: bytes.lowerBound, to: bytes.upperBound)
        var position = bytes.lowerBound
        while let batch = try? reader.next(), batch.lastOffset < offset { position += batch.bytes.count }
        return position
    }

    func removeAll() {
        replaceSegments(by: [])
    }

    func rewrite(segmentSizeInBytes: Int?, _ keeping: (RecordBatch) -> RecordBatch?) throws(StorageFailure) {
        var writer = SegmentWriter(storage, segmentSizeInBytes: storage.size(ofSegmentsOr: segmentSizeInBytes))
        do throws(StorageFailure) {
            var failure: StorageFailure?
            try walk { _ in
                .enter
            } _: { batch in
                guard let kept = keeping(batch) else { return true }
                do throws(StorageFailure) {
                    try writer.append(kept)
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
            if let failure { throw failure }
            try writer.finish()
        } catch {
            storage.files.remove(writer.segments.map(\.number))
            throw error
        }
        replaceSegments(by: writer.segments)
    }

    func restore(_ content: LogContent) throws(StorageFailure) {
        switch content {
        case .segments(let segments):
            for segment in segments {
                guard try storage.files.sizeInBytes(segment.number) >= segment.end else {
                    throw StorageFailure("segment \(segment.number) is shorter than it was", isDamage: true)
                }
            }
            replaceSegments(by: segments)
        case .batches(let batches):
            replaceSegments(by: [])
            for batch in batches { append(batch, at: try write(batch, segmentSizeInBytes: nil)) }
        }
    }

    private func replaceSegments(by others: [LogSegment]) {
        let kept = Set(others.map(\.number))
        for segment in segments where !kept.contains(segment.number) { storage.discard(segment.number) }
        for segment in others { storage.use(segment.number) }
        segments = others
        segmentsSizeInBytes = others.reduce(0) { $0 + $1.sizeInBytes }
        start = others.first?.start ?? 0
        cached = BatchSequence()
    }
}
