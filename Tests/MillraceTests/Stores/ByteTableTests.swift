import Millrace
import TestSupport
import Testing

@Suite("ByteTable")
struct ByteTableTests {
    @Test("behaves as a dictionary does, whatever is done to it", arguments: 1...8 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var numbers = SeededNumbers(seed: seed)
        var table = ByteTable()
        var model: [[UInt8]: [UInt8]?] = [:]
        let keyCount = [4, 40, 400][Int(seed % 3)]
        for step in 0..<4_000 {
            let key = Self.key(Int.random(in: 0..<keyCount, using: &numbers))
            switch Int.random(in: 0..<10, using: &numbers) {
            case 0..<5:
                let value = [UInt8](repeating: UInt8(step & 255), count: Int.random(in: 0..<40, using: &numbers))
                key.withUnsafeBytes { key in value.withUnsafeBytes { _ = table.set(key, to: $0) } }
                model[key] = .some(value)
            case 5:
                key.withUnsafeBytes { _ = table.set($0, to: nil) }
                model[key] = .some(nil)
            case 6..<9:
                if let index = key.withUnsafeBytes({ table.find($0) }) { table.remove(at: index) }
                model[key] = nil
            default:
                if numbers.next() % 100 == 0 {
                    table.removeAll()
                    model.removeAll()
                }
            }
            #expect(table.count == model.count, "seed \(seed), step \(step)")
            if step % 50 == 0 { Self.compare(&table, model, "seed \(seed), step \(step)") }
        }
        Self.compare(&table, model, "seed \(seed)")
    }

    private static func key(_ number: Int) -> [UInt8] {
        // Keys of all lengths, the empty one among them, that differ in their last bytes or only in their length.
        [UInt8](repeating: UInt8(number & 1), count: number / 2 % 21) + (number < 2 ? [] : [UInt8(number & 255)])
            + (number < 256 ? [] : [UInt8(number >> 8)])
    }

    private static func compare(_ table: inout ByteTable, _ model: [[UInt8]: [UInt8]?], _ index: String) {
        for (key, value) in model {
            let found = key.withUnsafeBytes { table.find($0) }
            #expect(found != nil, "\(index): \(key)")
            guard let found else { continue }
            #expect(Array(table.key(at: found)) == key, "\(index)")
            #expect(table.value(at: found).map(Array.init) == value, "\(index)")
        }
        #expect(table.indices.count == model.count, "\(index)")
    }

    @Test("an empty value is not a deleted key")
    func emptyValue() throws {
        var table = ByteTable()
        let index = Self.set(&table, [1], [])
        #expect(table.value(at: index).map(Array.init) == [])
        #expect(Self.set(&table, [1], nil) == index)
        #expect(table.value(at: index) == nil)
        #expect(table.count == 1)
    }

    @Test("an entry keeps its index while its value grows and others come and go")
    func index() {
        var table = ByteTable()
        let index = Self.set(&table, [1], [1])
        table.setMark(index, true)
        for number in 0..<200 { Self.set(&table, [2, UInt8(number)], [1]) }
        Self.set(&table, [1], [UInt8](repeating: 7, count: 1_000))
        let found = ([1] as [UInt8]).withUnsafeBytes { table.find($0) }
        #expect(found == index)
        #expect(table.isMarked(index) == true)
        #expect(table.value(at: index)?.count == 1_000)
    }

    @Test("the index of a removed entry is used again, without its mark")
    func reuse() throws {
        var table = ByteTable()
        let index = Self.set(&table, [1], [1])
        table.setMark(index, true)
        table.remove(at: index)
        #expect(table.isTaken(index) == false)
        #expect(Self.set(&table, [2], [2]) == index)
        #expect(table.isMarked(index) == false)
        #expect(table.indexLimit == 1)
    }

    @Test("removal never hides a key behind it in the same run")
    func probing() {
        for seed in 0..<40 as Range<UInt64> {
            var numbers = SeededNumbers(seed: seed)
            var table = ByteTable()
            // Eight of sixteen slots: long runs, some round the end of the table.
            let keys = (0..<8).map { _ in [UInt8.random(in: 0...255, using: &numbers), UInt8(seed)] }
            var left = Set(keys)
            for key in keys { Self.set(&table, key, key) }
            for key in keys.shuffled(using: &numbers) where left.remove(key) != nil {
                if let index = key.withUnsafeBytes({ table.find($0) }) { table.remove(at: index) }
                for other in left {
                    let index = other.withUnsafeBytes { table.find($0) }
                    #expect(index != nil, "seed \(seed)")
                }
                let index = key.withUnsafeBytes { table.find($0) }
                #expect(index == nil, "seed \(seed)")
            }
        }
    }

    @Test("the size follows what is in it and returns to nothing")
    func size() throws {
        var table = ByteTable()
        #expect(table.sizeInBytes == 0)
        let first = Self.set(&table, [1, 2], [3])
        let small = table.sizeInBytes
        #expect(small > 3)
        Self.set(&table, [1, 2], [UInt8](repeating: 0, count: 100))
        #expect(table.sizeInBytes >= small + 99)
        let second = Self.set(&table, [2], nil)
        table.remove(at: first)
        table.remove(at: second)
        #expect(table.sizeInBytes == 0)
    }

    @Test("an entry that was removed shows neither a key nor a value, long or short", arguments: [1, 100])
    func removed(valueCount: Int) {
        var table = ByteTable()
        let index = Self.set(&table, [1, 2], [UInt8](repeating: 7, count: valueCount))
        table.remove(at: index)
        #expect(!table.isTaken(index) && table.key(at: index).isEmpty && table.value(at: index) == nil)
    }

    @Test("entries stay where they are when others come")
    func addresses() {
        var table = ByteTable()
        let index = Self.set(&table, [1, 2], [3])
        let key = table.key(at: index)
        for number in 0..<10_000 { Self.set(&table, withUnsafeBytes(of: number) { [UInt8]($0) }, [1]) }
        #expect(table.key(at: index).baseAddress == key.baseAddress && Array(key) == [1, 2])
    }

    @discardableResult
    private static func set(_ table: inout ByteTable, _ key: [UInt8], _ value: [UInt8]?) -> ByteTable.EntryIndex {
        key.withUnsafeBytes { key in
            guard let value else { return table.set(key, to: nil) }
            return value.withUnsafeBytes { table.set(key, to: $0) }
        }
    }
}
