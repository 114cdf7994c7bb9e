import Millrace
import MillraceEngine
import TestSupport
import Testing

@Suite("TransactionBuffer")
struct TransactionBufferTests {
    private let disk = FakeDisk()
    private var store: PersistentStore {
        PersistentStore(disk, name: "fake", task: TaskID(subtopology: 0, partition: 0), isLogged: false)
    }

    @Test(
        "behaves like a sorted dictionary, and so does the disk after a flush",
        arguments: 1...6 as ClosedRange<UInt64>,
        [0, 4_000, .max])
    func model(seed: UInt64, maxSizeInBytes: Int) throws {
        let buffer = TransactionBuffer(over: store, maxSizeInBytes: maxSizeInBytes)
        var model = StoreModel(seed: seed)
        for step in 0..<2_000 {
            #expect(try model.step(buffer) == nil)
            if model.number(below: 30) == 0 {
                try buffer.writeDown(position: Int64(step))
                #expect(try store.position() == Int64(step))
                #expect(buffer.dirtySizeInBytes == 0)
                #expect(disk.entries == model.entries, "seed \(seed), step \(step)")
                if maxSizeInBytes < .max { #expect(buffer.sizeInBytes <= maxSizeInBytes) }
            }
        }
    }

    @Test("nothing reaches the disk before the flush, then everything in one sorted batch")
    func batch() throws {
        let buffer = TransactionBuffer(over: store, maxSizeInBytes: .max)
        for key in [3, 1, 2, 1] as [UInt8] { try buffer.put([key], [key]) }
        try buffer.put([0], nil)
        #expect(disk.batches.isEmpty)
        try buffer.writeDown(position: 5)
        #expect(disk.batches == [[[0], [1], [2], [3]]])
        try buffer.writeDown(position: 6)
        #expect(disk.batches == [[[0], [1], [2], [3]], []])
    }

    @Test("a key that was read is not read from the disk again, not even a missing one")
    func readCache() throws {
        disk.entries[[1]] = [10]
        let buffer = TransactionBuffer(over: store, maxSizeInBytes: .max)
        for _ in 0..<3 {
            #expect(try buffer.value(of: [1]) == [10])
            #expect(try buffer.value(of: [2]) == nil)
        }
        #expect(disk.reads == 2)
    }

    @Test("an entry that is not on disk yet is never evicted")
    func eviction() throws {
        let buffer = TransactionBuffer(over: store, maxSizeInBytes: 2_000)
        for key in 0..<100 as Range<UInt8> { try buffer.put([key], [key]) }
        #expect(buffer.sizeInBytes > 2_000)
        #expect(disk.entries.isEmpty)
        for key in 0..<100 as Range<UInt8> { #expect(try buffer.value(of: [key]) == [key]) }
        try buffer.writeDown(position: 100)
        #expect(buffer.sizeInBytes <= 2_000)
        for key in 0..<100 as Range<UInt8> { #expect(try buffer.value(of: [key]) == [key]) }
    }

    @Test("reading many keys keeps the buffer under its bound")
    func boundedReads() throws {
        for key in 0..<200 as Range<UInt8> { disk.entries[[key]] = [key] }
        let buffer = TransactionBuffer(over: store, maxSizeInBytes: 2_000)
        for key in 0..<200 as Range<UInt8> { #expect(try buffer.value(of: [key]) == [key]) }
        try buffer.writeDown(position: nil)
        #expect(buffer.sizeInBytes <= 2_000)
    }

    @Test("a failed flush keeps everything for the next one")
    func failure() throws {
        let buffer = TransactionBuffer(over: store, maxSizeInBytes: 0)
        try buffer.put([1], [1])
        disk.isFull = true
        let error = #expect(throws: StreamsError.self) { try buffer.writeDown(position: 1) }
        #expect(error?.code == .stateStore)
        #expect(error?.underlying is FakeDisk.Full)
        #expect(try buffer.value(of: [1]) == [1])
        disk.isFull = false
        try buffer.writeDown(position: 1)
        #expect(disk.entries == [[1]: [1]])
    }

    @Test("a scan prefers the buffer's writes to those on disk, and stops when told")
    func scan() throws {
        disk.entries = [[1]: [1], [3]: [3], [5]: [5]]
        let buffer = TransactionBuffer(over: store, maxSizeInBytes: .max)
        try buffer.put([3], nil)
        try buffer.put([4], [40])
        try buffer.put([5], [50])
        try buffer.put([6], [60])
        #expect(try buffer.entries().map(\.value) == [[1], [40], [50], [60]])
        #expect(try buffer.entries(from: [3], to: [6]).map(\.value) == [[40], [50]])
        #expect(try buffer.entries(limit: 2).map(\.value) == [[1], [40]])
        #expect(try buffer.entries(reversed: true, limit: 3).map(\.value) == [[60], [50], [40]])
    }
}

/// An engine that is a dictionary.
final class FakeDisk: StorageEngine {
    struct Full: Error {}

    var entries: [[UInt8]: [UInt8]] = [:]
    var isFull = false
    private(set) var batches: [[[UInt8]]] = []
    private(set) var reads = 0
    private var position: [UInt8]?

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        let isPosition = key.elementsEqual(StoreKeyLayout.position)
        if !isPosition { reads += 1 }
        guard let value = isPosition ? position : entries[Array(key)] else { return try body(nil) }
        try value.withUnsafeBytes { try body($0) }
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let sorted = entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (key, value) in reversed ? sorted.reversed() : sorted {
            if let lower, key.lexicographicallyPrecedes(lower) { continue }
            if let upper, !key.lexicographicallyPrecedes(upper) { continue }
            let goesOn = try key.withUnsafeBytes { key in try value.withUnsafeBytes { try body(key, $0) } }
            if !goesOn { return }
        }
    }

    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws {
        if isFull { throw Full() }
        if let bound { entries = entries.filter { !$0.key.lexicographicallyPrecedes(bound) } }
        let others = writes.filter { !$0.key.elementsEqual(StoreKeyLayout.position) }
        batches.append(others.map { Array($0.key) })
        for write in others { entries[Array(write.key)] = write.value.map(Array.init) }
        if others.count < writes.count { position = writes.last?.value.map(Array.init) }
    }

    func flush() throws {}
    func removeAll() throws { entries = [:] }
    func close() {}
}
