import ConformanceRunner
import Millrace
import MillraceTesting
import TestSupport
import Testing

@Suite("Conformance with Apache Kafka Streams")
struct ConformanceTests {
    @Test("a recording is reproduced exactly", arguments: Recording.inScope)
    func reproduces(_ recording: Recording) throws {
        try ScenarioRunner.run(Scenario(contentsOf: recording.url))
    }

    /// The recordings whose results a restart does not change. A restart makes punctuations start anew, and changes the numbers
    /// that distinguish records of the same time in a stream join's store, because deleted records no longer count.
    private static let restartable = Recording.all.filter {
        $0.features.isDisjoint(with: ["process", "join.diffMs", "leftJoin.diffMs", "outerJoin.diffMs"])
    }

    @Test(
        "a recording is reproduced by a custom engine, with the instance restarted after every record",
        arguments: restartable, [InstanceEnding.clean, .crash])
    func reproducesWithOwnEngine(_ recording: Recording, ending: InstanceEnding) throws {
        let disks = SortedArray.Disks()
        try ScenarioRunner.run(Scenario(contentsOf: recording.url), stores: .sortedArrays(on: disks)) { driver in
            if ending == .crash, Bool.random() { try driver.checkpoint() }
            try driver.restart(ending)
        }
    }

    @Test("an unsupported feature fails with the name of the operation or field", arguments: Recording.toCome)
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

    @Test("every unsupported feature occurs in a recording", arguments: Recording.featuresToCome.sorted())
    func occurs(_ feature: String) {
        #expect(Recording.toCome.contains { $0.features.contains(feature) })
    }
}
