import Testing

@testable import MillraceVectors

@Suite("Which segments are merged")
struct MergePlanTests {
    private func chosen(waiting: Int, _ segments: [(count: Int, dead: Int)]) throws -> [Int]? {
        var settings = IndexSettings(for: try IndexFormat(dimensions: 4, metric: .cosine, element: .float32))
        settings.tailCount = 100
        return MergePlan(
            waiting: waiting, hasWaiting: waiting > 0,
            segments: segments.map { .init(count: $0.count, deadCount: $0.dead) }, settings: settings
        ).chosen
    }

    @Test("nothing is due while no tail waits and few rows are dead")
    func nothing() throws {
        #expect(try chosen(waiting: 0, []) == nil)
        #expect(try chosen(waiting: 0, [(1_000, 250), (100, 0)]) == nil)
    }

    @Test("a tail becomes a segment, and with three others of its size one of the next size")
    func tiers() throws {
        #expect(try chosen(waiting: 100, [(100, 0), (100, 0)]) == [])
        #expect(try chosen(waiting: 100, [(5_000, 0), (100, 0), (100, 0), (100, 0)]) == [1, 2, 3])
        #expect(
            try chosen(waiting: 100, [(100, 0), (100, 0), (100, 0), (400, 0), (400, 0), (400, 0)]) == [
                0, 1, 2, 3, 4, 5,
            ])
    }

    @Test("a segment with more than a quarter of dead rows is made anew, the smallest first")
    func worn() throws {
        #expect(try chosen(waiting: 0, [(1_000, 251), (100, 26)]) == [1])
        #expect(try chosen(waiting: 0, [(100, 100)]) == [0])
    }

    @Test("each row is inserted into few graphs while an index grows, and there are never many graphs")
    func growth() throws {
        var segments: [Int] = []
        var inserted = 0
        for _ in 0..<1_000 {
            let merged = try #require(try chosen(waiting: 100, segments.map { ($0, 0) }))
            let sum = 100 + merged.reduce(0) { $0 + segments[$1] }
            for index in merged.sorted(by: >) { segments.remove(at: index) }
            segments.append(sum)
            inserted += sum
            #expect(segments.count <= 18)
        }
        #expect(segments.reduce(0, +) == 100_000)
        #expect(inserted <= 7 * 100_000)
    }
}
