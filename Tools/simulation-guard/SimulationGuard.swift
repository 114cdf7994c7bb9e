import Foundation
import Scenarios

/// Fails if a seed of a scenario fails, as `millrace simulate --seeds-of-each N` does. It is a program of its own because it needs
/// neither Kafka's client nor HTTP: to build it with optimisation takes a fraction of the time.
///
///     swift run -c release simulation-guard N [SCENARIO…]
@main
struct SimulationGuard {
    private static let most = 1_000_000

    static func main() {
        let names = CommandLine.arguments.dropFirst(2)
        let scenarios = names.isEmpty ? Scenarios.all : names.compactMap(Scenarios.named)
        guard CommandLine.arguments.count > 1, let seeds = Int(CommandLine.arguments[1]), (1...most).contains(seeds),
            names.isEmpty || scenarios.count == names.count
        else {
            print("usage: simulation-guard SEEDS-OF-EACH [SCENARIO…], seeds from 1 to \(most)")
            exit(64)
        }
        let count = seeds * scenarios.count
        let failures = SeedRuns.failures(of: scenarios, count: count)
        for failure in failures { print(failure) }
        print("\(count - failures.count) passed, \(failures.count) failed")
        if !failures.isEmpty { exit(1) }
    }
}
