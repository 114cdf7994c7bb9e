import Millrace
import MillraceEngine
import Testing

@Suite("Changes of the topics that are read")
struct TopicChangeTests {
    private struct Row: CustomTestStringConvertible {
        var testDescription: String
        var assigned: SourceTopics
        var present: SourceTopics
        var renewed: Set<String> = []
        var change: TopicChange
    }

    private static let rows = [
        Row(
            testDescription: "nothing", assigned: SourceTopics(counts: ["in": 2, "x1": 1]),
            present: SourceTopics(counts: ["in": 2, "x1": 1]), change: .none),
        Row(
            testDescription: "partitions are added", assigned: SourceTopics(counts: ["in": 2, "x1": 1]),
            present: SourceTopics(counts: ["in": 4, "x1": 1]), change: .changed(["in"])),
        Row(
            testDescription: "a topic that matches comes, another one goes",
            assigned: SourceTopics(counts: ["in": 2, "x1": 1]), present: SourceTopics(counts: ["in": 2, "x2": 1]),
            change: .changed(["x1", "x2"])),
        Row(
            testDescription: "a topic that is named is gone, which counts for more than partitions",
            assigned: SourceTopics(counts: ["in": 2, "x1": 1]), present: SourceTopics(counts: ["x1": 3]),
            change: .missing(["in"])),
        Row(
            testDescription: "a topic that was not there before is still missing", assigned: SourceTopics(counts: [:]),
            present: SourceTopics(counts: [:]), change: .missing(["in"])),
        Row(
            testDescription: "the same name with another id is another topic",
            assigned: SourceTopics(counts: ["in": 2, "x1": 1], ids: ["in": "a", "x1": "b"]),
            present: SourceTopics(counts: ["in": 2, "x1": 1], ids: ["in": "c", "x1": "d"]),
            change: .recreated(["in", "x1"])),
        Row(
            testDescription: "an id that is known only now says nothing",
            assigned: SourceTopics(counts: ["in": 2]), present: SourceTopics(counts: ["in": 2], ids: ["in": "c"]),
            change: .none),
        Row(
            testDescription: "with fewer partitions it is another topic, for none ever loses any",
            assigned: SourceTopics(counts: ["in": 2]), present: SourceTopics(counts: ["in": 1]),
            change: .recreated(["in"])),
        Row(
            testDescription: "offsets that are lost tell it where there are no ids",
            assigned: SourceTopics(counts: ["in": 2]), present: SourceTopics(counts: ["in": 2]), renewed: ["in"],
            change: .recreated(["in"])),
        Row(
            testDescription: "ids go over lost offsets",
            assigned: SourceTopics(counts: ["in": 2], ids: ["in": "a"]),
            present: SourceTopics(counts: ["in": 2], ids: ["in": "a"]), renewed: ["in"], change: .none),
    ]

    @Test("the changes since the tasks were assigned", arguments: rows)
    private func changes(row: Row) {
        let change = TopicChange(from: row.assigned, to: row.present, required: ["in"], renewed: row.renewed)
        #expect(change == row.change)
    }

    private struct View: CustomTestStringConvertible {
        var testDescription: String
        var seen: [String: Int32]
        var present: [String: Int32]?
        var decision: GenerationTopics
    }

    private static let views = [
        View(testDescription: "the same as before", seen: ["in": 2, "x1": 1], decision: .these(["in": 2, "x1": 1])),
        View(testDescription: "more than before", seen: ["in": 4, "x1": 1], decision: .these(["in": 4, "x1": 1])),
        View(
            testDescription: "fewer, for the leader does not know all yet", seen: ["in": 1, "x1": 1],
            present: ["in": 2], decision: .leaderIsBehind(["in"])),
        View(
            testDescription: "fewer, for it is another topic", seen: ["in": 1, "x1": 1], present: ["in": 1],
            decision: .these(["in": 1, "x1": 1])),
        View(
            testDescription: "none, for the leader does not know it yet", seen: ["x1": 1], present: ["in": 2],
            decision: .leaderIsBehind(["in"])),
        View(testDescription: "none, for it is gone", seen: ["x1": 1], present: [:], decision: .missing(["in"])),
        View(
            testDescription: "a topic that matched is gone", seen: ["in": 2], present: nil, decision: .these(["in": 2])),
    ]

    @Test("what a generation is about", arguments: views)
    private func generations(view: View) throws {
        var asked: [String] = []
        let decision = GenerationTopics(seen: view.seen, planned: ["in": 2, "x1": 1], required: ["in"]) { topics in
            asked = topics
            return (view.present ?? [:]).filter { topics.contains($0.key) }
        }
        #expect(decision == view.decision)
        #expect(asked == (view.present == nil ? [] : ["in"]))
    }
}
