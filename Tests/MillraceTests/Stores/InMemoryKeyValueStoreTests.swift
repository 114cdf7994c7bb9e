import Millrace
import TestSupport
import Testing

@Suite("InMemoryKeyValueStore")
struct InMemoryKeyValueStoreTests {
    @Test("behaves as a sorted dictionary does", arguments: 1...6 as ClosedRange<UInt64>)
    func model(seed: UInt64) throws {
        let store = InMemoryKeyValueStore()
        var model = StoreModel(seed: seed)
        for _ in 0..<2_000 { #expect(try model.step(store) == nil) }
    }

    @Test("an empty value is a value, an empty key a key")
    func empty() throws {
        let store = InMemoryKeyValueStore()
        try store.put([], [])
        #expect(try store.value(of: []) == [])
        try store.put([], nil)
        #expect(try store.value(of: []) == nil)
    }

    @Test("keys are scanned in the order of unsigned bytes, a prefix before what it begins")
    func order() throws {
        let store = InMemoryKeyValueStore()
        let keys: [[UInt8]] = [[], [0], [0, 0], [1], [127, 255], [128], [255], [255, 0]]
        for key in keys.reversed() { try store.put(key, [1]) }
        #expect(try store.entries().map(\.key) == keys)
    }

    @Test("after removing everything there is nothing")
    func removeAll() throws {
        let store = InMemoryKeyValueStore()
        try store.put([1], [1])
        _ = try store.entries()
        store.removeAll()
        #expect(try store.entries().isEmpty)
        #expect(try store.value(of: [1]) == nil)
    }
}
