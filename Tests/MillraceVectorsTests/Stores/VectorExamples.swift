import Millrace
import MillraceTesting
import MillraceVectors
import Testing

/// The examples of docs/vectors.md and of the comments, unchanged.
@Suite("Examples in the documentation of vectors")
struct VectorExamples {
    private struct Case: Codable, Equatable {
        var embedding: [Float]
        var isOpen: Bool
    }

    @Test("that of an index of cases runs")
    func cases() throws {
        let builder = StreamsBuilder()
        let similarCases = VectorIndex<String, Case>("similar-cases", of: \.embedding, dimensions: 384)
        builder.table("cases", key: .string, value: .json(Case.self), into: .store("cases").indexed(by: similarCases))
        let application = try TopologyTestDriver(builder.build())
        let input = application.inputTopic("cases", key: .string, value: .json(Case.self))
        for number in 0..<40 {
            let embedding = (0..<384).map { $0 == number ? 1 : Float(0.01) }
            try input.pipe(key: "case-\(number)", value: Case(embedding: embedding, isOpen: number % 2 == 0))
        }
        let embedding = (0..<384).map { $0 == 7 || $0 == 8 ? 1 : Float(0) }
        let cases = try application.store(.vectors(similarCases))
        let nearest = try cases.search(near: embedding, count: 10) { key, value in value.isOpen }
        for match in nearest.matches { print(match.key, match.score) }
        #expect(nearest.matches.count == 10 && nearest.matches.first?.key == "case-8")
    }

    @Test("those of processors' stores build")
    func stores() {
        let similarCases = VectorIndex<String, Case>("similar-cases", of: \.embedding, dimensions: 384)
        func plain() {
            let drafts = Stores.keyValue("drafts", key: .string, value: .json(Case.self)).indexed(by: similarCases)
            #expect(drafts.name == "drafts")
        }
        plain()
        let drafts = Stores.timestampedKeyValue("drafts", key: .string, value: .json(Case.self)).indexed(
            by: similarCases)
        #expect(drafts.name == "drafts")
    }
}
