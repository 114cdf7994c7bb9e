import Dispatch
public import MillraceTesting
import Synchronization

/// Runs of scenarios with many seeds, on all cores; each run stays on one thread.
public enum SeedRuns {
    /// Returns the runs that failed, by scenario and seed.
    ///
    /// - Parameters:
    ///   - scenarios: the scenarios, which take turns.
    ///   - first: the first seed of each.
    ///   - count: the number of all runs together.
    ///   - progress: is told how many runs have ended, from any thread.
    public static func failures(
        of scenarios: [Simulation], first: UInt64 = 0, count: Int, progress: @Sendable (Int64) -> Void = { _ in }
    ) -> [SimulationFailure] {
        let failures = SimulationFailures()
        DispatchQueue.concurrentPerform(iterations: count) { index in
            let scenario = scenarios[index % scenarios.count]
            let seed = first &+ UInt64(index / scenarios.count)
            let problems: [String]
            do { problems = try scenario.run(seed: seed).problems } catch { problems = ["\(error)"] }
            progress(failures.add(problems.isEmpty ? nil : .init(scenario.name, seed, problems)))
        }
        return failures.all
    }
}

/// A run that failed.
public struct SimulationFailure: Comparable, Sendable, CustomStringConvertible {
    public var scenario: String
    public var seed: UInt64
    public var problems: [String]

    init(_ scenario: String, _ seed: UInt64, _ problems: [String]) {
        (self.scenario, self.seed, self.problems) = (scenario, seed, problems)
    }

    public var description: String { "\(scenario), seed \(seed): \(problems.joined(separator: "; "))" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.scenario, left.seed) < (right.scenario, right.seed)
    }
}

/// The failures of all threads, and the number of runs that have ended.
private final class SimulationFailures: Sendable {
    private let state = Mutex<(failures: [SimulationFailure], count: Int64)>(([], 0))

    /// Counts a run. Returns the number of all so far.
    func add(_ failure: SimulationFailure?) -> Int64 {
        state.withLock { state in
            if let failure { state.failures.append(failure) }
            state.count += 1
            return state.count
        }
    }

    var all: [SimulationFailure] { state.withLock { $0.failures.sorted() } }
}
