import MillraceEngine
import Scenarios
import Testing

@testable import MillraceTesting

@Suite("Simulation")
struct SimulationTests {
    @Test("every scenario passes under all faults", arguments: Scenarios.all.map(\.name))
    func scenarios(name: String) throws {
        let simulation = try #require(Scenarios.all.first { $0.name == name })
        for seed in 0..<300 {
            let result = try simulation.run(seed: UInt64(seed))
            #expect(result.passed, "seed \(seed): \(result.problems.joined(separator: "; "))")
        }
    }

    @Test("the same seed gives the same run to the byte")
    func reproducible() throws {
        for seed in 0..<20 {
            let first = try Scenarios.risk.run(seed: UInt64(seed))
            let second = try Scenarios.risk.run(seed: UInt64(seed))
            #expect(first.account == second.account)
        }
    }

    @Test("each planted fault is found within 1,000 seeds", arguments: Sabotage.allCases)
    func planted(_ sabotage: Sabotage) throws {
        let found = try Self.runThatFinds(sabotage)
        #expect(found != nil, "\(sabotage.rawValue) went unnoticed")
        print("\(sabotage.rawValue): found by \(found ?? "nothing")")
    }

    private static func runThatFinds(_ sabotage: Sabotage) throws -> String? {
        for seed in 0..<1_000 {
            for var simulation in [Scenarios.risk, Scenarios.rekeyedCount] {
                simulation.sabotage = [sabotage]
                if try !simulation.run(seed: UInt64(seed)).passed { return "\(simulation.name), seed \(seed)" }
            }
        }
        return nil
    }
}
