import Testing

@Suite("A sink of streams on a simulated server")
struct RedisSinkSimulationTests {
    private func run(_ seed: UInt64, _ fault: RedisSinkFault = .none) -> (problems: [String], trace: [String]) {
        SinkSimulation(seed: seed, settlingMs: fault.settlingMs) { SimulatedRedisTarget($0, fault) }.run()
    }

    @Test(
        "every record is one entry, in its order, whatever fails, also if a replica takes over that lags",
        arguments: 0..<40)
    func exactlyOnce(_ batch: Int) {
        for seed in UInt64(batch * 25)..<UInt64(batch * 25 + 25) {
            let (problems, trace) = run(seed)
            #expect(problems.isEmpty, "seed \(seed): \(problems)\n\(trace.suffix(200).joined(separator: "\n"))")
        }
    }

    @Test("a planted fault is found", arguments: RedisSinkFault.all)
    func planted(_ fault: RedisSinkFault) {
        let seed = (UInt64(0)..<1_000).first { !run($0, fault).problems.isEmpty }
        #expect(seed != nil, "\(fault.testDescription) went unnoticed")
        print("\(fault.testDescription): found by seed \(seed.map(String.init) ?? "none")")
    }

    @Test("the same seed gives the same run")
    func reproduced() {
        for seed in UInt64(0)..<10 { #expect(run(seed).trace == run(seed).trace) }
    }
}
