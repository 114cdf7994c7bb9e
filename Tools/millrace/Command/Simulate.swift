import ArgumentParser
import Foundation
import MillraceTesting
import Scenarios

/// Runs the simulations with many seeds.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Simulates topologies on a cluster where everything goes wrong, seed by seed.",
        discussion: """
            Prints a line for each seed that fails, and finally how many passed and failed. With --seed one seed is run \
            and its account printed, step by step.
            """)

    @Option(help: "How many seeds to run, divided among the scenarios.")
    var seeds = 1_000

    @Option(help: "How many seeds to run of each scenario, instead of --seeds.")
    var seedsOfEach: Int?

    @Option(help: "The first seed.")
    var first: UInt64 = 0

    @Option(help: "Run this seed alone and print what happens.")
    var seed: UInt64?

    @Option(help: "Run this scenario alone: \(Scenarios.all.map(\.name).joined(separator: ", ")).")
    var scenario: String?

    func validate() throws {
        if let scenario, Scenarios.named(scenario) == nil {
            throw ValidationError("there is no scenario \(scenario)")
        }
        guard (seedsOfEach ?? 0) <= 1_000_000 else { throw ValidationError("at most 1,000,000 seeds of each scenario") }
    }

    func run() throws {
        let scenarios = Scenarios.all.filter { scenario == nil || $0.name == scenario }
        if let seed { return try show(seed, of: scenarios) }
        let count = seedsOfEach.map { $0 * scenarios.count } ?? seeds
        let failures = Self.failures(of: scenarios, first: first, count: count)
        for failure in failures { print(failure) }
        print("\(count - failures.count) passed, \(failures.count) failed")
        if !failures.isEmpty { throw ExitCode(1) }
    }

    private func show(_ seed: UInt64, of scenarios: [Simulation]) throws {
        var failed = false
        for scenario in scenarios {
            let result = try scenario.run(seed: seed)
            print("\(scenario.name), seed \(seed):")
            for line in result.account { print("  \(line)") }
            for problem in result.problems { print("  PROBLEM \(problem)") }
            failed = failed || !result.passed
        }
        if failed { throw ExitCode(1) }
    }

    /// Runs seeds on all cores; each run stays on one thread.
    private static func failures(
        of scenarios: [Simulation], first: UInt64, count: Int
    ) -> [String] {
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let scenario = scenarios[index % scenarios.count]
            let seed = first + UInt64(index / scenarios.count)
            let result = Result { try scenario.run(seed: seed) }
            switch result {
            case .success(let result) where result.passed: break
            case .success(let result):
                failures.append("\(scenario.name), seed \(seed): \(result.problems.joined(separator: "; "))")
            case .failure(let error): failures.append("\(scenario.name), seed \(seed): \(error)")
            }
        }
        return failures.all
    }
}

/// The failures of all threads.
// Sendable, because a lock guards the only state.
private final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [String] = []

    func append(_ line: String) { lock.withLock { lines.append(line) } }
    var all: [String] { lock.withLock { lines.sorted() } }
}
