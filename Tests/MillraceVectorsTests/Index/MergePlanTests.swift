import Testing

@testable import MillraceVectors

@Suite("Which segments are merged")
struct MergePlanTests {
    private typealias Size = (count: Int, dead: Int)

    private func plan(_ segments: [Size]) throws -> MergePlan {
        var settings = IndexSettings(for: try IndexFormat(dimensions: 4, metric: .cosine, element: .float32))
        settings.tailCount = 100
        return MergePlan(segments: segments.map { .init(count: $0.count, deadCount: $0.dead) }, settings: settings)
    }

    @Test("nothing is due while there are few segments of a size and few rows are dead")
    func nothing() throws {
        #expect(try plan([]).merged == [])
        #expect(try plan([(1_000, 250), (100, 0)]).merged == [])
        #expect(try plan([(100, 0), (90, 0), (101, 0), (400, 0), (300, 0), (500, 0)]).merged == [])
    }

    @Test("three segments that are no larger than a tail go into one with it")
    func small() throws {
        #expect(try plan([]).mergedWithTails == [])
        #expect(try plan([(100, 0), (100, 0), (101, 0)]).mergedWithTails == [])
        #expect(try plan([(5_000, 0), (100, 0), (100, 0), (400, 0), (80, 0)]).mergedWithTails == [1, 2, 4])
        // What counts is the number of living rows.
        #expect(try plan([(100, 0), (100, 0), (120, 20)]).mergedWithTails == [0, 1, 2])
    }

    @Test("four segments of a size become one of the next size, with the smaller ones")
    func tiers() throws {
        #expect(try plan([(5_000, 0), (400, 0), (400, 0), (300, 0), (350, 0), (100, 0)]).merged == [1, 2, 3, 4, 5])
        #expect(try plan([(400, 0), (400, 0), (300, 0), (350, 0), (1_600, 0), (1_500, 0)]).merged == [0, 1, 2, 3])
        #expect(
            try plan([(400, 0), (400, 0), (400, 0), (400, 0), (1_600, 0), (1_600, 0), (1_600, 0)]).merged.sorted()
                == Array(0..<7))
    }

    @Test("a segment with more than a quarter of dead rows is made anew, with the smaller ones")
    func worn() throws {
        #expect(try plan([(1_000, 251), (100, 0), (2_000, 500), (300, 80)]).merged == [0, 1, 3])
        #expect(try plan([(1_000, 250), (100, 26)]).merged == [1])
        #expect(try plan([(100, 100)]).merged == [0])
    }

    @Test("each row is inserted into few graphs while an index grows, and there are never many graphs")
    func growth() throws {
        var segments: [Int] = []
        var (inserted, mostSegments) = (0, 0)
        func merge(_ chosen: [Int], with tail: Int) {
            let sum = tail + chosen.reduce(0) { $0 + segments[$1] }
            for index in chosen.sorted(by: >) { segments.remove(at: index) }
            segments.append(sum)
            inserted += sum
        }
        for _ in 0..<1_000 {
            merge(try plan(segments.map { ($0, 0) }).mergedWithTails, with: 100)
            while case let merged = try plan(segments.map { ($0, 0) }).merged, !merged.isEmpty {
                merge(merged, with: 0)
            }
            mostSegments = max(mostSegments, segments.count)
        }
        #expect(segments.reduce(0, +) == 100_000)
        #expect(mostSegments <= 15, "\(mostSegments)")
        #expect(inserted <= 700_000, "\(inserted)")
    }
}
