import Millrace
import Testing

@Suite("Positions")
struct PositionTests {
    private let first = TopicPartition(topic: "payments", partition: 0)
    private let second = TopicPartition(topic: "a-b.c_d", partition: 12)

    @Test("a position reaches another one where it is as far in every partition of that one")
    func reaches() {
        let position = Position([first: 5, second: 7])
        let cases: [(Position, Bool)] = [
            (Position(), true), (Position([first: 5]), true), (Position([first: 6]), false),
            (Position([first: 5, second: 8]), false), (position, true),
            (Position([TopicPartition(topic: "other", partition: 0): 1]), false),
            (Position([TopicPartition(topic: "other", partition: 0): 0]), true),
        ]
        for (other, isReached) in cases { #expect(position.reaches(other) == isReached, "\(other)") }
        #expect(!Position().reaches(position))
    }

    @Test("merging takes the higher offset of each partition")
    func merging() {
        let merged = Position([first: 5, second: 7]).merging(Position([first: 9, second: 1]))
        #expect(merged == Position([first: 9, second: 7]))
        #expect(merged[first] == 9)
        #expect(merged[TopicPartition(topic: "payments", partition: 1)] == 0)
    }

    @Test("the position after a record has it, at the end of offsets too")
    func afterRecord() {
        #expect(Position(after: first, offset: 41) == Position([first: 42]))
        #expect(Position(after: first, offset: .max)[first] == .max)
    }

    @Test("a position becomes text and comes back; other text is none")
    func text() {
        for position in [Position(), Position([first: 1]), Position([first: 42, second: .max])] {
            #expect(Position("\(position)") == position)
        }
        #expect("\(Position([first: 42, second: 7]))" == "a-b.c_d-12@7,payments-0@42")
        for text in [
            "payments", "payments-0", "payments@1", "payments-0@", "payments-0@-1", "-0@1", "payments-x@1", "a-1@2,x",
        ] {
            #expect(Position(text) == nil, "\(text)")
        }
    }
}
