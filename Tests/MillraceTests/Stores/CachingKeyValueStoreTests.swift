import Millrace
import TestSupport
import Testing

@Suite("CachingKeyValueStore")
struct CachingKeyValueStoreTests {
    private struct Flushed: Equatable {
        var key: [UInt8]
        var new: [UInt8]?
        var old: [UInt8]?
        var timestampMs: Int64
    }

    private let inner = InMemoryKeyValueStore()

    private func flush(_ cache: CachingKeyValueStore, sendsOldValues: Bool = true) throws -> [Flushed] {
        var flushed: [Flushed] = []
        cache.onFlush(sendsOldValues: sendsOldValues) { key, new, old, origin in
            flushed.append(
                Flushed(
                    key: Array(key), new: new.map(Array.init), old: old.map(Array.init), timestampMs: origin.timestampMs
                ))
        }
        try cache.flush()
        return flushed
    }

    @Test(
        "behaves as a sorted dictionary does, and so does the store below after a flush",
        arguments: 1...6 as ClosedRange<UInt64>)
    func model(seed: UInt64) throws {
        let cache = CachingKeyValueStore(over: inner)
        var model = StoreModel(seed: seed)
        for _ in 0..<2_000 {
            #expect(try model.step(cache) == nil)
            if model.number(below: 20) == 0 { try cache.flush() }
        }
        try cache.flush()
        #expect(try inner.entries().map(\.key) == model.entries.keys.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(cache.cacheSizeInBytes == 0)
    }

    @Test("of several changes of a key only the last is flushed, with the value below as the old one")
    func last() throws {
        let cache = CachingKeyValueStore(over: inner)
        try inner.put([1], [10])
        try cache.put([1], [11], timestampMs: 1)
        try cache.put([1], [12], timestampMs: 2)
        #expect(try inner.value(of: [1]) == [10])
        #expect(try flush(cache) == [Flushed(key: [1], new: [12], old: [10], timestampMs: 2)])
        #expect(try inner.value(of: [1]) == [12])
    }

    @Test("keys are flushed in the order in which they were last changed")
    func order() throws {
        let cache = CachingKeyValueStore(over: inner)
        for key in [1, 2, 3, 1, 4, 2] as [UInt8] { try cache.put([key], [0]) }
        #expect(try flush(cache).map(\.key) == [[3], [1], [4], [2]])
        #expect(try flush(cache).isEmpty)
    }

    @Test("the deletion of a key that the store below never had is not reported")
    func deletion() throws {
        let cache = CachingKeyValueStore(over: inner)
        try cache.put([1], [1])
        try cache.put([1], nil)
        #expect(try cache.value(of: [1]) == nil)
        #expect(try flush(cache).isEmpty)
        try inner.put([2], [2])
        try cache.put([2], nil, timestampMs: 7)
        #expect(try flush(cache, sendsOldValues: false) == [Flushed(key: [2], new: nil, old: nil, timestampMs: 7)])
    }

    @Test("a listener's own changes during a flush wait for the next flush")
    func reentrant() throws {
        let cache = CachingKeyValueStore(over: inner)
        var count = 0
        cache.onFlush(sendsOldValues: false) { _, _, _, _ in
            count += 1
            try cache.put([9, UInt8(count)], [1])
        }
        try cache.put([1], [1])
        try cache.flush()
        #expect(count == 1)
        try cache.flush()
        #expect(count == 2)
    }

    @Test("after an error the later changes are still there")
    func error() throws {
        let cache = CachingKeyValueStore(over: inner)
        var isBroken = true
        cache.onFlush(sendsOldValues: false) { _, _, _, _ in
            if isBroken { throw SerdeError(type: "test", message: "broken") }
        }
        try cache.put([1], [1])
        try cache.put([2], [2])
        #expect(throws: SerdeError.self) { try cache.flush() }
        isBroken = false
        try cache.flush()
        #expect(try inner.value(of: [2]) == [2])
    }
}
