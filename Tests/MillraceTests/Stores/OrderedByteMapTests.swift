import Millrace
import TestSupport
import Testing

@Suite("OrderedByteMap")
struct OrderedByteMapTests {
    @Test("behaves as a sorted dictionary does", arguments: 1...8 as ClosedRange<UInt64>)
    func model(seed: UInt64) {
        var random = SeededNumbers(seed: seed)
        var map = OrderedByteMap()
        var model: [[UInt8]: [UInt8]?] = [:]
        for step in 0..<6_000 {
            let key = (0..<Int.random(in: 0...12, using: &random)).map { _ in UInt8.random(in: 0...3, using: &random) }
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<60:
                let value = [UInt8](repeating: UInt8(step % 256), count: Int.random(in: 0...20, using: &random))
                key.withUnsafeBytes { key in value.withUnsafeBytes { _ = map.set(key, to: $0) } }
                model[key] = value
            case 60..<75:
                key.withUnsafeBytes { _ = map.set($0, to: nil) }
                model[key] = .some(nil)
            case 75..<98:
                let found = key.withUnsafeBytes { map.find($0) }
                #expect((found != nil) == (model[key] != nil), "seed \(seed), step \(step)")
                if let found { map.remove(at: found) }
                model[key] = nil
            case 98:
                let upper = key + [2]
                key.withUnsafeBytes { lower in upper.withUnsafeBytes { map.removeAll(from: lower, to: $0) } }
                model = model.filter {
                    $0.key.lexicographicallyPrecedes(key) || !$0.key.lexicographicallyPrecedes(upper)
                }
            default:
                map.removeDeleted()
                model = model.filter { $0.value != nil }
            }
        }
        #expect(map.count == model.count)
        var walked: [[UInt8]] = []
        var cursor = map.first
        while map.isValid(cursor) {
            let key = Array(map.key(at: cursor))
            walked.append(key)
            #expect(map.value(at: cursor).map { Array($0) } == model[key] ?? nil)
            cursor = map.next(cursor)
        }
        #expect(walked == model.keys.sorted { $0.lexicographicallyPrecedes($1) }, "seed \(seed)")
        map.removeAll()
        #expect(map.sizeInBytes == 0)
    }

    @Test(
        "bytes are compared as unsigned numbers, a prefix before what it begins",
        arguments: [
            ([], [0], -1), ([1], [1], 0), ([0x7f], [0x80], -1),
            ([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8], 1),
            ([1, 2, 3, 4, 5, 6, 7, 0xff], [1, 2, 3, 4, 5, 6, 8, 0], -1),
        ] as [([UInt8], [UInt8], Int)])
    func compares(left: [UInt8], right: [UInt8], expected: Int) {
        let result = left.withUnsafeBytes { left in right.withUnsafeBytes { order(left, $0) } }
        #expect(result.signum() == expected)
    }
}
