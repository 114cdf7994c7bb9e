import Millrace
import MillraceTesting
import Testing

/// The examples of docs/simulation.md and of `Simulation`'s comment, unchanged.
@Suite("Examples in the documentation of simulations")
struct SimulationGuideExamples {
    @Test("orders are counted exactly, whatever happens")
    func counts() throws {
        let simulation = Simulation(
            "counts", topics: ["orders": 3, "counts": 3], outputs: ["counts"],
            define: { builder in
                builder.stream("orders", key: .string, value: .string)
                    .groupByKey()
                    .count(into: Materialized.store("counts").withoutCache())
                    .toStream()
                    .to("counts")
            },
            inputs: { random in
                (0..<60).map { number in
                    SimulatedRecord(
                        "orders", "k\(Int.random(in: 0..<6, using: &random))", "v", atMs: Int64(number * 10))
                }
            })
        for seed in 0..<50 {
            let result = try simulation.run(seed: UInt64(seed))
            #expect(result.passed, "seed \(seed): \(result.problems)")
        }
    }
}
