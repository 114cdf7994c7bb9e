/// Batches in offset order: cheap to append to, to cut off at the front and to search.
package struct BatchSequence: Sendable {
    private var storage: [RecordBatch] = []
    private var head = 0

    package init() {}

    package init(_ batches: [RecordBatch]) {
        storage = batches
    }

    package var count: Int { storage.count - head }
    package var isEmpty: Bool { count == 0 }
    package var first: RecordBatch? { isEmpty ? nil : storage[head] }
    package var last: RecordBatch? { isEmpty ? nil : storage[storage.count - 1] }
    /// All batches, copied.
    package var all: [RecordBatch] { Array(storage[head...]) }

    package subscript(index: Int) -> RecordBatch { storage[head + index] }

    package mutating func append(_ batch: RecordBatch) {
        storage.append(batch)
    }

    /// Removes the first batch.
    package mutating func removeFirst() {
        guard !isEmpty else { return }
        storage[head] = .empty
        head += 1
        if head >= 64, head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
    }

    /// Whole batches below `end`, beginning with the one that contains `offset`: as many as fit, with `atLeastOneBatch` at
    /// least the first.
    package func read(from offset: Int64, below end: Int64, maxBytes: Int, atLeastOneBatch: Bool) -> [RecordBatch] {
        var found: [RecordBatch] = []
        var index = index(reaching: offset)
        var size = 0
        while index < count {
            let batch = self[index]
            guard batch.lastOffset < end else { break }
            size += batch.bytes.count
            guard size <= maxBytes || (found.isEmpty && atLeastOneBatch) else { break }
            found.append(batch)
            index += 1
        }
        return found
    }

    /// The index of the first batch that ends at the offset or later; `count` if there is none.
    private func index(reaching offset: Int64) -> Int {
        var low = head
        var high = storage.count
        while low < high {
            let middle = (low + high) / 2
            if storage[middle].lastOffset < offset { low = middle + 1 } else { high = middle }
        }
        return low - head
    }
}
