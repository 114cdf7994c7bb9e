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
                if let place = key.withUnsafeBytes({ table.find($0) }) { table.remove(at: place) }
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

    private static func compare(_ table: inout ByteTable, _ model: [[UInt8]: [UInt8]?], _ place: String) {
        for (key, value) in model {
            let found = key.withUnsafeBytes { table.find($0) }
            #expect(found != nil, "\(place): \(key)")
            guard let found else { continue }
            #expect(Array(table.key(at: found)) == key, "\(place)")
            #expect(table.value(at: found).map(Array.init) == value, "\(place)")
        }
        #expect(table.places.count == model.count, "\(place)")
    }

    @Test("an empty value is not a deleted key")
    func emptyValue() throws {
        var table = ByteTable()
        let place = Self.set(&table, [1], [])
        #expect(table.value(at: place).map(Array.init) == [])
        #expect(Self.set(&table, [1], nil) == place)
        #expect(table.value(at: place) == nil)
        #expect(table.count == 1)
    }

    @Test("an entry keeps its place while its value grows and others come and go")
    func place() {
        var table = ByteTable()
        let place = Self.set(&table, [1], [1])
        table.setMark(place, true)
        for number in 0..<200 { Self.set(&table, [2, UInt8(number)], [1]) }
        Self.set(&table, [1], [UInt8](repeating: 7, count: 1_000))
        let found = ([1] as [UInt8]).withUnsafeBytes { table.find($0) }
        #expect(found == place)
        #expect(table.isMarked(place) == true)
        #expect(table.value(at: place)?.count == 1_000)
    }

    @Test("the place of a removed entry is used again, without its mark")
    func reuse() throws {
        var table = ByteTable()
        let place = Self.set(&table, [1], [1])
        table.setMark(place, true)
        table.remove(at: place)
        #expect(table.isTaken(place) == false)
        #expect(Self.set(&table, [2], [2]) == place)
        #expect(table.isMarked(place) == false)
        #expect(table.placeLimit == 1)
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
                if let place = key.withUnsafeBytes({ table.find($0) }) { table.remove(at: place) }
                for other in left {
                    let place = other.withUnsafeBytes { table.find($0) }
                    #expect(place != nil, "seed \(seed)")
                }
                let place = key.withUnsafeBytes { table.find($0) }
                #expect(place == nil, "seed \(seed)")
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
        let place = Self.set(&table, [1, 2], [UInt8](repeating: 7, count: valueCount))
        table.remove(at: place)
        #expect(!table.isTaken(place) && table.key(at: place).isEmpty && table.value(at: place) == nil)
    }

    @Test("entries stay where they are when others come")
    func addresses() {
        var table = ByteTable()
        let place = Self.set(&table, [1, 2], [3])
        let key = table.key(at: place)
        for number in 0..<10_000 { Self.set(&table, withUnsafeBytes(of: number) { [UInt8]($0) }, [1]) }
        #expect(table.key(at: place).baseAddress == key.baseAddress && Array(key) == [1, 2])
    }

    @discardableResult
    private static func set(_ table: inout ByteTable, _ key: [UInt8], _ value: [UInt8]?) -> ByteTable.Place {
        key.withUnsafeBytes { key in
            guard let value else { return table.set(key, to: nil) }
            return value.withUnsafeBytes { table.set(key, to: $0) }
        }
    }
}
