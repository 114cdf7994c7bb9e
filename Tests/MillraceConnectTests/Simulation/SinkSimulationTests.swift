import Testing

@Suite("Sinks on a simulated cluster")
struct SinkSimulationTests {
    @Test("every record is written once and in order, and a bad one is a dead letter", arguments: 0..<40)
    func exactlyOnce(_ batch: Int) {
        for seed in UInt64(batch * 25)..<UInt64(batch * 25 + 25) {
            let (problems, trace) = SinkSimulation(seed: seed).run()
            #expect(problems.isEmpty, "seed \(seed): \(problems)\n\(trace.suffix(200).joined(separator: "\n"))")
        }
    }

    @Test("a planted fault is found", arguments: SinkFault.all)
    func planted(_ fault: SinkFault) {
        let seed = (UInt64(0)..<1_000).first { !SinkSimulation(seed: $0, fault: fault).run().problems.isEmpty }
        #expect(seed != nil, "\(fault.testDescription) went unnoticed")
        print("\(fault.testDescription): found by seed \(seed.map(String.init) ?? "none")")
    }

    @Test("the same seed gives the same run")
    func reproduced() {
        for seed in UInt64(0)..<10 {
            #expect(SinkSimulation(seed: seed).run().trace == SinkSimulation(seed: seed).run().trace)
        }
    }
}
