/// Keeps all batches in memory, and nothing beyond the process.
package final class MemoryStorage: BatchStorage {
    package init() {}

    package func makeLog() -> any LogStorage { MemoryLog() }

    package func load(_ reference: BatchReference) throws(StorageFailure) -> RecordBatch {
        throw StorageFailure("segment \(reference.segment) is not in memory")
    }
}

/// A log in memory.
private final class MemoryLog: LogStorage {
    private var batches = BatchSequence()
    private(set) var sizeInBytes = 0

    var lastBaseOffset: Int64? { batches.last?.baseOffset }
    var content: LogContent { .batches(batches.all) }

    func write(_ batch: RecordBatch, segmentSizeInBytes: Int?) throws(StorageFailure) -> BatchReference? { nil }

    func append(_ batch: RecordBatch, at reference: BatchReference?) {
        batches.append(batch)
        sizeInBytes += batch.bytes.count
    }

    func read(from offset: Int64, below end: Int64, maxBytes: Int, atLeastOneBatch: Bool) -> LogRead {
        .batches(batches.read(from: offset, below: end, maxBytes: maxBytes, atLeastOneBatch: atLeastOneBatch))
    }

    func walk(_ enter: (BatchRun) -> BatchRun.Decision, _ batch: (RecordBatch) -> Bool) throws(StorageFailure) {
        for index in 0..<batches.count {
            guard batch(batches[index]) else { return }
        }
    }

    func removeBatches(endingBefore offset: Int64) {
        while let first = batches.first, first.lastOffset < offset {
            sizeInBytes -= first.bytes.count
            batches.removeFirst()
        }
    }

    func removeAll() {
        batches = BatchSequence()
        sizeInBytes = 0
    }

    func rewrite(segmentSizeInBytes: Int?, _ keeping: (RecordBatch) -> RecordBatch?) throws(StorageFailure) {
        replace(batches.all.compactMap(keeping))
    }

    func restore(_ content: LogContent) throws(StorageFailure) {
        guard case .batches(let all) = content else { throw StorageFailure("a log in segments is not in memory") }
        replace(all)
    }

    private func replace(_ all: [RecordBatch]) {
        batches = BatchSequence(all)
        sizeInBytes = all.reduce(0) { $0 + $1.bytes.count }
    }
}
