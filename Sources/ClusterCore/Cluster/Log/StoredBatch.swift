/// A batch in a log, and from when on compaction may drop its tombstones or its marker.
struct StoredBatch: Hashable, Sendable {
    var batch: RecordBatch
    /// Set when compaction first meets a tombstone or an obsolete marker in the batch: Kafka's delete horizon (KIP-534).
    var deleteHorizonMs: Int64?
}

/// An aborted transaction in a partition: from its first record to its marker.
struct AbortedSpan: Hashable, Sendable {
    var producerID: Int64
    var firstOffset: Int64
    /// The marker's offset.
    var lastOffset: Int64
}

/// The batches of a log in offset order: cheap to append to, to cut off at the front and to search.
struct BatchSequence: Sendable {
    private var storage: [StoredBatch] = []
    private var head = 0

    init() {}

    init(_ batches: [StoredBatch]) {
        storage = batches
    }

    var count: Int { storage.count - head }
    var isEmpty: Bool { count == 0 }
    var first: StoredBatch? { isEmpty ? nil : storage[head] }
    var last: StoredBatch? { isEmpty ? nil : storage[storage.count - 1] }
    /// All batches, copied.
    var all: [StoredBatch] { Array(storage[head...]) }

    subscript(index: Int) -> StoredBatch { storage[head + index] }

    mutating func append(_ batch: RecordBatch) {
        storage.append(StoredBatch(batch: batch))
    }

    /// Removes the first batch.
    mutating func removeFirst() {
        guard !isEmpty else { return }
        storage[head] = StoredBatch(batch: .empty)
        head += 1
        if head >= 64, head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
    }

    /// The index of the first batch that ends at the offset or later; `count` if there is none.
    func index(reaching offset: Int64) -> Int {
        var low = head
        var high = storage.count
        while low < high {
            let middle = (low + high) / 2
            if storage[middle].batch.lastOffset < offset { low = middle + 1 } else { high = middle }
        }
        return low - head
    }
}
