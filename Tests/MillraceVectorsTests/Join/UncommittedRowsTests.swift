import TestSupport
import Testing

@testable import MillraceVectors

@Suite("Vectors that are not committed yet")
struct UncommittedRowsTests {
    @Test("a search finds what brute force finds, however often keys change")
    func model() throws {
        let format = try RowFormat(dimensions: 4, metric: .euclidean)
        let rows = UncommittedRows(format: format)
        var model = IndexModel()
        var numbers = SeededNumbers(seed: 3)
        func vector() -> [Float] { (0..<4).map { _ in Float.random(in: -1...1, using: &numbers) } }
        for round in 0..<6_000 {
            let key = "key-\(numbers.below(300))"
            let vector = numbers.chance(10) ? nil : vector()
            try rows.set(Array(key.utf8), to: vector)
            model.set(key, to: vector)
            guard round % 200 == 0 else { continue }
            let query = self.query(&numbers)
            let found = try rows.search(near: query, count: 10, where: nil)
                .map { String(decoding: $0.key, as: UTF8.self) }
            #expect(model.isNearest(found, to: query, count: 10, metric: .euclidean))
            #expect(rows.count == model.vectors.count)
        }
        rows.removeAll()
        #expect(try rows.search(near: query(&numbers), count: 10, where: nil).isEmpty)
    }

    private func query(_ numbers: inout SeededNumbers) -> [Float] {
        (0..<4).map { _ in Float.random(in: -1...1, using: &numbers) }
    }

    @Test("a scan returns all rows that are as near as the last that counts", arguments: [1, 2, 3, 4, 9])
    func ties(count: Int) throws {
        let format = try RowFormat(dimensions: 1, metric: .euclidean)
        let rows = GrowingRows(format: format)
        for number in [5, 2, 2, 1, 2, 5, 7] as [Float] { try rows.append([number]) }
        let found = try ExactScan.nearestWithTies(PreparedQuery([0], format: format), rows: rows.rows, count: count)
        let expected =
            switch count {
            case 1: [3]
            case 2...4: [3, 1, 2, 4]
            default: [3, 1, 2, 4, 0, 5, 6]
            }
        #expect(Set(found.map(\.row)) == Set(expected) && found.count == expected.count)
    }
}
