import ConformanceRunner
import Foundation
import Testing

@Suite("The conformance runner")
struct RunnerTests {
    private static let recording = """
        {"name": "n", "topology": [{"op": "stream", "as": "s", "topics": ["in"]}, {"op": "to", "from": "s", "topic": "out"}],
        "inputs": [{"topic": "in", "key": "a", "value": "1", "ts": 5, "headers": {"h": "x"}}],
        "outputs": [{"out": [{"key": "a", "value": "1", "ts": 5, "headers": {"h": "x"}}]}], "stores": {},
        "describe": "Topologies:\\n   Sub-topology: 0\\n    Source: KSTREAM-SOURCE-0000000000 (topics: [in])\\n      --> \
        KSTREAM-SINK-0000000001\\n    Sink: KSTREAM-SINK-0000000001 (topic: out)\\n      <-- KSTREAM-SOURCE-0000000000\\n\\n"}
        """

    private func run(replacing old: String = "", by new: String = "") throws {
        let text = old.isEmpty ? Self.recording : Self.recording.replacingOccurrences(of: old, with: new)
        try ScenarioRunner.run(Scenario(json: Data(text.utf8)))
    }

    @Test("a recording with the same results passes")
    func passes() throws { try run() }

    @Test(
        "any difference in a recording fails",
        arguments: [
            ("\"value\": \"1\", \"ts\": 5, \"headers\": {\"h\": \"x\"}}]}", "\"value\": \"2\", \"ts\": 5}]}"),
            ("\"outputs\": [{\"out\": [{\"key\": \"a\"", "\"outputs\": [{\"out\": [{\"key\": null"),
            ("\"ts\": 5, \"headers\": {\"h\": \"x\"}}]}", "\"ts\": 6, \"headers\": {\"h\": \"x\"}}]}"),
            ("{\"h\": \"x\"}}]}", "{\"h\": \"y\"}}]}"),
            ("\"stores\": {}", "\"stores\": {\"s\": [{\"key\": \"a\", \"value\": \"1\", \"ts\": 5}]}"),
            ("{\"out\": [", "{\"other\": ["),
            ("Sub-topology: 0", "Sub-topology: 1"),
        ])
    func differs(old: String, new: String) {
        let error = #expect(throws: ScenarioError.self) { try run(replacing: old, by: new) }
        guard case .difference? = error else {
            Issue.record("failed otherwise: \(String(describing: error))")
            return
        }
    }

    @Test(
        "an unknown operation or field is named, not skipped",
        arguments: [
            ("\"op\": \"to\",", "\"op\": \"teleport\",", "teleport"),
            ("\"from\": \"s\",", "\"from\": \"s\", \"speed\": 1,", "to.speed"),
            (
                "\"stores\": {}", "\"stores\": {}, \"config\": {\"num.stream.threads\": \"2\"}",
                "config.num.stream.threads"
            ),
            ("\"ts\": 5, \"headers\": {\"h\": \"x\"}}],", "\"ts\": 5, \"partition\": 1}],", "input.partition"),
        ])
    func unknown(old: String, new: String, feature: String) {
        #expect(throws: ScenarioError.unsupported(feature)) { try run(replacing: old, by: new) }
    }
}
