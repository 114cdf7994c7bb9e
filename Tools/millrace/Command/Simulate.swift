import ArgumentParser
import MillraceCommandLine
import MillraceOperations
import MillraceTesting
import Scenarios

/// Runs the simulations with many seeds.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Simulates topologies on a cluster where everything goes wrong, seed by seed.",
        discussion: """
            Prints a line for each seed that fails, and finally how many passed and failed. With --seed one seed is run \
            and its account printed, step by step.

            \(ExitStatus.discussion)
            """)

    @Option(help: "How many seeds to run, divided among the scenarios.")
    var seeds = 1_000

    @Option(help: "How many seeds to run of each scenario, instead of --seeds.")
    var seedsOfEach: Int?

    @Option(help: "The first seed.")
    var first: UInt64 = 0

    @Option(help: "Run this seed alone and print what happens.")
    var seed: UInt64?

    @Option(
        help: "Run this scenario alone: \(Scenarios.all.map(\.name).joined(separator: ", ")).",
        completion: .list(Scenarios.all.map(\.name)))
    var scenario: String?

    @Flag(help: "One line of JSON for each seed that fails, or for the account of a seed, and one for the result.")
    var json = false

    func validate() throws {
        if let scenario, Scenarios.named(scenario) == nil {
            throw ValidationError("there is no scenario \(scenario)")
        }
        guard (0...1_000_000).contains(seedsOfEach ?? 0) else {
            throw ValidationError("--seeds-of-each must be from 0 to 1000000")
        }
        guard (0...1_000_000_000).contains(seeds) else {
            throw ValidationError("--seeds must be from 0 to 1000000000")
        }
    }

    func run() throws {
        try reporting(json: json) {
            let scenarios = Scenarios.all.filter { scenario == nil || $0.name == scenario }
            if let seed { return try show(seed, of: scenarios) }
            let count = seedsOfEach.map { $0 * scenarios.count } ?? seeds
            let failures = failures(of: scenarios, count: count)
            for failure in failures { printLine(json ? failure.json.text : failure.description) }
            printLine(
                json
                    ? JSONFragment.members([
                        "event": .string("result"), "passed": .number(Int64(count - failures.count)),
                        "failed": .number(Int64(failures.count)),
                    ]).text : "\(count - failures.count) passed, \(failures.count) failed")
            if !failures.isEmpty { throw ExitCode(1) }
        }
    }

    private func show(_ seed: UInt64, of scenarios: [Simulation]) throws {
        var failed = false
        let bar = ProgressBar("simulating", json: json)
        defer { bar.clear() }
        for (index, scenario) in scenarios.enumerated() {
            bar.show(Int64(index), of: Int64(scenarios.count))
            let result = try scenario.run(seed: seed)
            failed = failed || !result.passed
            if json {
                printLine(
                    JSONFragment.members([
                        "event": .string("account"), "scenario": .string(scenario.name),
                        "seed": .string("\(seed)"), "passed": .bool(result.passed),
                        "problems": .array(result.problems.map(JSONFragment.string)),
                        "trace": .array(result.trace.map(JSONFragment.string)),
                    ]).text)
                continue
            }
            printLine("\(scenario.name), seed \(seed):")
            for line in result.trace { printLine("  \(line)") }
            for problem in result.problems { printLine("  PROBLEM \(problem)") }
        }
        if failed { throw ExitCode(1) }
    }

    /// Runs seeds on all cores.
    private func failures(of scenarios: [Simulation], count: Int) -> [SimulationFailure] {
        let bar = ProgressBar("simulating", json: json)
        defer { bar.clear() }
        return SeedRuns.failures(of: scenarios, first: first, count: count) { bar.show($0, of: Int64(count)) }
    }
}

extension SimulationFailure {
    /// The failure for programs. The seed is a text, because it may be greater than the numbers of many readers of JSON.
    fileprivate var json: JSONFragment {
        .members([
            "event": .string("failure"), "scenario": .string(scenario), "seed": .string("\(seed)"),
            "problems": .array(problems.map(JSONFragment.string)),
        ])
    }
}
