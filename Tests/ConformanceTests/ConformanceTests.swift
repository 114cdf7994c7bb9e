import ConformanceRunner
import Testing

@Suite("Conformance with Apache Kafka Streams")
struct ConformanceTests {
    @Test("a recording is reproduced to the letter", arguments: Recording.inScope)
    func reproduces(_ recording: Recording) throws {
        try ScenarioRunner.run(Scenario(contentsOf: recording.url))
    }

    @Test("a recording of what is yet to come fails by the name of an operation or field", arguments: Recording.toCome)
    func fails(_ recording: Recording) throws {
        let error = #expect(throws: ScenarioError.self) {
            try ScenarioRunner.run(Scenario(contentsOf: recording.url))
        }
        guard case .unsupported(let feature)? = error else {
            Issue.record("failed otherwise: \(String(describing: error))")
            return
        }
        #expect(Recording.featuresToCome.contains(feature))
    }

    @Test("all recordings are there")
    func count() {
        #expect(Recording.all.count == 302)
    }

    @Test("what is yet to come occurs in a recording", arguments: Recording.featuresToCome.sorted())
    func occurs(_ feature: String) {
        #expect(Recording.toCome.contains { $0.features.contains(feature) })
    }
}
