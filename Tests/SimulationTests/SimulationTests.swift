import Millrace
import Scenarios
import Testing

@testable import MillraceTesting

@Suite("Simulation")
struct SimulationTests {
    // `Tools/test` runs a hundred seeds of each in a release build, which is ten times as fast.
    @Test("every scenario passes under all faults", arguments: Scenarios.all.map(\.name))
    func scenarios(name: String) throws {
        let simulation = try #require(Scenarios.named(name))
        for seed in 0..<5 {
            let result = try simulation.run(seed: UInt64(seed))
            #expect(result.passed, "seed \(seed): \(result.problems.joined(separator: "; "))")
        }
    }

    @Test("the same seed gives the same run, byte for byte", arguments: ["risk", "stream-joins", "global-table-joins"])
    func reproducible(name: String) throws {
        let simulation = try #require(Scenarios.named(name))
        for seed in 0..<10 {
            let first = try simulation.run(seed: UInt64(seed))
            let second = try simulation.run(seed: UInt64(seed))
            #expect(first.account == second.account)
        }
    }

    @Test(
        "results that are not final, or that contradict a match, are found within 100 seeds",
        arguments: ["final-results", "late-stream-joins"])
    func notFinal(name: String) throws {
        var simulation = try #require(Scenarios.named(name))
        simulation.compatibility = .kafkaStreams
        let found = try (0..<100 as Range<UInt64>).first { try !simulation.run(seed: $0).passed }
        #expect(found != nil)
    }
}
