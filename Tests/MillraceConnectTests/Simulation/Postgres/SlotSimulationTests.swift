import Testing

@Suite("The reader of a slot of PostgreSQL, simulated")
struct SlotSimulationTests {
    @Test("every change arrives once and in order, and the server is told only what Kafka has", arguments: 0..<20)
    func exactlyOnce(_ batch: Int) {
        for seed in UInt64(batch * 50)..<UInt64(batch * 50 + 50) {
            var simulation = SlotSimulation(seed: seed)
            let problems = simulation.run()
            #expect(problems.isEmpty, "seed \(seed): \(problems)")
        }
    }

    @Test("a planted fault is found", arguments: SlotFault.all)
    func planted(_ fault: SlotFault) {
        let seed = (UInt64(0)..<1_000).first { seed in
            var simulation = SlotSimulation(seed: seed, fault: fault)
            return !simulation.run().isEmpty
        }
        #expect(seed != nil, "\(fault.testDescription) went unnoticed")
        print("\(fault.testDescription): found by seed \(seed.map(String.init) ?? "none")")
    }
}
