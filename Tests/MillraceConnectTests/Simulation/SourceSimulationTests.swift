import Testing

@Suite("Sources on a simulated cluster")
struct SourceSimulationTests {
    @Test("every record arrives once and in order, whatever fails", arguments: 0..<40)
    func exactlyOnce(_ batch: Int) {
        for seed in UInt64(batch * 25)..<UInt64(batch * 25 + 25) {
            let (problems, trace) = SourceSimulation(seed: seed).run()
            #expect(problems.isEmpty, "seed \(seed): \(problems)\n\(trace.suffix(200).joined(separator: "\n"))")
        }
    }

    @Test("a planted fault is found", arguments: SourceFault.all)
    func planted(_ fault: SourceFault) {
        let seed = (UInt64(0)..<1_000).first { !SourceSimulation(seed: $0, fault: fault).run().problems.isEmpty }
        #expect(seed != nil, "\(fault.testDescription) went unnoticed")
        print("\(fault.testDescription): found by seed \(seed.map(String.init) ?? "none")")
    }

    @Test("the same seed gives the same run")
    func reproduced() {
        for seed in UInt64(0)..<10 {
            #expect(SourceSimulation(seed: seed).run().trace == SourceSimulation(seed: seed).run().trace)
        }
    }
}
