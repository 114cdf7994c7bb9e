import ArgumentParser
import Loops

/// The engine alone: no broker, no disk.
struct TopologyLoops: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "The engine alone, in memory, beside a hand-written loop.")

    @OptionGroup var options: BenchOptions

    @Option(help: "One loop only, in this process: stateless, stateful or risk.")
    var loop: Loop?

    @Option(help: "What runs it: engine, watched, hand or driver.")
    var runner = LoopRunner.engine

    func run() throws {
        if let loop { return try Self.sample(loop, runner, events: options.events).printed() }
        var report = Report()
        try Self.measure(options, into: &report)
        try report.print(asJSON: options.json)
    }

    static func measure(_ options: BenchOptions, into report: inout Report) throws {
        for loop in Loop.allCases where options.wants(loop.rawValue) {
            var samples: [LoopRunner: [Sample]] = [:]
            for _ in 0..<options.repetitions {
                for runner in LoopRunner.allCases {
                    let events = runner == .driver ? options.events / 4 : options.events
                    samples[runner, default: []].append(
                        try Child.sample([
                            "topology", "--loop", loop.rawValue, "--runner", runner.rawValue, "--events",
                            "\(max(1, events))",
                        ]))
                }
            }
            report.add(
                "topology", loop.rawValue,
                LoopRunner.allCases.map { (name: $0.rawValue, samples: samples[$0] ?? []) })
        }
    }

    /// Runs a loop over the same 100,000 records until it is warm and has processed `events` records.
    private static func sample(_ loop: Loop, _ runner: LoopRunner, events: Int) throws -> Sample {
        let input = try LoopInput(loop, count: min(events, 100_000))
        let pass: () throws -> UInt64 =
            switch runner {
            case .engine: try EngineLoop(loop, input: input).run
            case .watched: try EngineLoop(loop, input: input, isWatched: true).run
            case .hand: HandLoop(loop, input: input).run
            case .driver: try DriverLoop(loop, input: input).run
            }
        var result = try pass()
        let passes = max(1, events / input.entries.count)
        let meter = ProcessMeter()
        let start = monotonicSeconds()
        for _ in 0..<passes { result &+= try pass() }
        let seconds = monotonicSeconds() - start
        return meter.sample(
            records: passes * input.entries.count, seconds: seconds, others: ["result": Double(result % 1_000_000)])
    }
}

extension Loop: ExpressibleByArgument {}
extension LoopRunner: ExpressibleByArgument {}
