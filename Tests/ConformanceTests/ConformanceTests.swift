import ConformanceRunner
import Millrace
import MillraceTesting
import TestSupport
import Testing

@Suite("Conformance with Apache Kafka Streams")
struct ConformanceTests {
    @Test("a recording is reproduced to the letter", arguments: Recording.inScope)
    func reproduces(_ recording: Recording) throws {
        try ScenarioRunner.run(Scenario(contentsOf: recording.url))
    }

    /// What a restart changes: punctuations start anew with a processor, and the numbers that keep apart what a stream's join
    /// has of a moment leave out those of deletions before it.
    private static let restartable = Recording.all.filter {
        $0.features.isDisjoint(with: ["process", "join.diffMs", "leftJoin.diffMs", "outerJoin.diffMs"])
    }

    @Test(
        "a recording is reproduced by an engine of one's own, the instance restarted after every record",
        arguments: restartable, [InstanceEnding.clean, .crash])
    func reproducesWithOwnEngine(_ recording: Recording, ending: InstanceEnding) throws {
        let disks = SortedArray.Disks()
        try ScenarioRunner.run(Scenario(contentsOf: recording.url), stores: .sortedArrays(on: disks)) { driver in
            if ending == .crash, Bool.random() { try driver.checkpoint() }
            try driver.restart(ending)
        }
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
        #expect(Recording.all.count == 340)
    }

    @Test("what is yet to come occurs in a recording", arguments: Recording.featuresToCome.sorted())
    func occurs(_ feature: String) {
        #expect(Recording.toCome.contains { $0.features.contains(feature) })
    }
}
