import ClusterCore
import Foundation
import Testing

@testable import EmbeddedBroker

/// The contract of every storage of batches.
@Suite struct StorageContractTests {
    enum Kind: CaseIterable { case memory, segments, segmentsWithoutCache }

    private func withStorage(_ kind: Kind, _ body: (any BatchStorage) throws -> Void) async throws {
        guard kind != .memory else { return try body(MemoryStorage()) }
        try await withDataDirectory { path in
            let cache = kind == .segments ? 1_000_000 : 0
            try body(
                try SegmentStorage(DataDirectory(path), segmentSizeInBytes: 300, cacheSizeInBytes: cache))
        }
    }

    private func batch(_ value: String, at offset: Int64, timestampMs: Int64 = 0) throws -> RecordBatch {
        var writer = RecordBatchWriter()
        writer.append(key: nil, value: Array(value.utf8), timestampMs: timestampMs)
        writer.append(key: nil, value: Array(value.utf8), timestampMs: timestampMs)
        var batch = try RecordBatch(writer.finish())
        batch.place(at: offset, leaderEpoch: 0)
        return batch
    }

    /// Batches of two records each.
    private func fill(_ log: any LogStorage, _ count: Int) throws -> [RecordBatch] {
        try (0..<count).map { index in
            let batch = try batch("value \(index)", at: Int64(2 * index), timestampMs: Int64(index))
            log.append(batch, at: try log.write(batch, segmentSizeInBytes: nil))
            return batch
        }
    }

    private func read(
        _ log: any LogStorage, from offset: Int64 = 0, below end: Int64 = .max, maxBytes: Int = .max,
        atLeastOneBatch: Bool = true
    ) throws -> [RecordBatch] {
        switch log.read(from: offset, below: end, maxBytes: maxBytes, atLeastOneBatch: atLeastOneBatch) {
        case .batches(let batches): return batches
        case .stored(let stored, let lastOffset):
            let batches = try stored.read()
            #expect(batches.allSatisfy { $0.lastOffset <= lastOffset })
            return batches
        }
    }

    private func all(_ log: any LogStorage) throws -> [RecordBatch] {
        var all: [RecordBatch] = []
        try log.walk { _ in
            .enter
        } _: {
            all.append($0)
            return true
        }
        return all
    }

    @Test("whole batches are read as they were written, as many as fit", arguments: Kind.allCases)
    func reading(kind: Kind) async throws {
        try await withStorage(kind) { storage in
            let log = storage.makeLog()
            #expect(try read(log).isEmpty && log.lastBaseOffset == nil)
            let batches = try fill(log, 20)
            #expect(try read(log) == batches)
            #expect(try all(log) == batches)
            #expect(log.sizeInBytes == batches.reduce(0) { $0 + $1.bytes.count })
            #expect(log.lastBaseOffset == 38)
            let size = batches[7].bytes.count
            #expect(try read(log, from: 15, maxBytes: size) == [batches[7]])
            #expect(try read(log, from: 15, maxBytes: size - 1) == [batches[7]])
            #expect(try read(log, from: 15, maxBytes: size - 1, atLeastOneBatch: false).isEmpty)
            #expect(try read(log, from: 16, below: 22) == Array(batches[8...10]))
            #expect(try read(log, from: 16, below: 23) == Array(batches[8...10]))
            #expect(try read(log, from: 40).isEmpty)
        }
    }

    @Test("a batch that was written but not appended is overwritten by the next", arguments: Kind.allCases)
    func writtenOnly(kind: Kind) async throws {
        try await withStorage(kind) { storage in
            let log = storage.makeLog()
            let before = try fill(log, 5)
            for value in ["x", String(repeating: "long", count: 100)] {
                _ = try log.write(try batch(value, at: 10), segmentSizeInBytes: nil)
                #expect(try read(log) == before)
            }
            let last = try batch("y", at: 10)
            let reference = try log.write(last, segmentSizeInBytes: nil)
            log.append(last, at: reference)
            #expect(try read(log) == before + [last])
            if let reference { #expect(try storage.load(reference) == last) }
        }
    }

    @Test("removed batches are gone; those that only begin before the offset stay", arguments: Kind.allCases)
    func removing(kind: Kind) async throws {
        try await withStorage(kind) { storage in
            let log = storage.makeLog()
            let batches = try fill(log, 20)
            log.removeBatches(endingBefore: 9)
            #expect(try all(log) == Array(batches[4...]))
            #expect(try read(log, from: 9) == Array(batches[4...]))
            #expect(log.sizeInBytes == batches[4...].reduce(0) { $0 + $1.bytes.count })
            log.removeBatches(endingBefore: 40)
            #expect(try all(log).isEmpty && log.sizeInBytes == 0)
            let last = try batch("z", at: 40)
            log.append(last, at: try log.write(last, segmentSizeInBytes: nil))
            #expect(try read(log, from: 40) == [last])
            log.removeAll()
            #expect(try all(log).isEmpty)
        }
    }

    @Test("a walk skips and ends where it is told to", arguments: Kind.allCases)
    func walking(kind: Kind) async throws {
        try await withStorage(kind) { storage in
            let log = storage.makeLog()
            let batches = try fill(log, 20)
            var seen: [RecordBatch] = []
            try log.walk { run in
                #expect(run.firstOffset <= run.lastOffset && run.sizeInBytes > 0)
                #expect(run.leastTimestampMs == run.firstOffset / 2)
                #expect(run.greatestTimestampMs == run.lastOffset / 2)
                return run.lastOffset < 10 ? .skip : .enter
            } _: { batch in
                if batch.lastOffset < 10 { return true }
                seen.append(batch)
                return seen.count < 3
            }
            #expect(seen == Array(batches[5...7]))
        }
    }

    @Test("a rewrite keeps the chosen batches, and appending continues after them", arguments: Kind.allCases)
    func rewriting(kind: Kind) async throws {
        try await withStorage(kind) { storage in
            let log = storage.makeLog()
            let batches = try fill(log, 20)
            try log.rewrite(segmentSizeInBytes: nil) { $0.baseOffset % 4 == 0 ? nil : $0 }
            let kept = batches.filter { $0.baseOffset % 4 != 0 }
            #expect(try read(log) == kept)
            #expect(try read(log, from: 4, maxBytes: 1) == [batches[3]])
            #expect(log.sizeInBytes == kept.reduce(0) { $0 + $1.bytes.count })
            let last = try batch("z", at: 40)
            log.append(last, at: try log.write(last, segmentSizeInBytes: nil))
            #expect(try read(log) == kept + [last])
        }
    }

    @Test("a log restored from its content is the same", arguments: Kind.allCases)
    func restoring(kind: Kind) async throws {
        try await withStorage(kind) { storage in
            let log = storage.makeLog()
            let batches = try fill(log, 20)
            log.removeBatches(endingBefore: 9)
            let other = storage.makeLog()
            try other.restore(log.content)
            other.removeBatches(endingBefore: 9)
            #expect(try all(other) == Array(batches[4...]))
            #expect(other.sizeInBytes == log.sizeInBytes)
            #expect(other.content == log.content)
        }
    }
}
