import Millrace
import MillraceTesting
import Testing

@testable import MillraceVectors

/// Decisions that become cases, joined with the nearest cases of their partition. A driver commits after each record, the simulated
/// instances now and then, and they crash, abort and move: the results must be the same.
@Suite("Similarity joins in the simulation")
struct SimilarityJoinSimulationTests {
    private static let index = VectorIndex<String, [Float]>(
        "similar", of: { $0 }, dimensions: 2, metric: .euclidean)

    private typealias Join =
        @Sendable (_ decisions: KStream<String, [Float]>, _ cases: KTable<String, [Float]>) -> KStream<String, String>

    /// A scenario whose vectors lie on a small grid, so that many are equally near.
    private static func simulation(isCached: Bool, _ join: @escaping Join) -> Simulation {
        Simulation(
            "similarity-join", topics: ["decisions": 3, "results": 3], outputs: ["results"],
            define: { builder in
                let decisions = builder.stream("decisions", key: .string, value: .json([Float].self))
                let store = Materialized<String, [Float]>.store("cases").indexed(by: index)
                let cases = decisions.toTable(into: isCached ? store : store.withoutCache())
                join(decisions, cases).to("results", key: .string, value: .string)
            },
            inputs: { random in
                (0..<80).map { number in
                    let vector = (0..<2).map { _ in Float(Int.random(in: 0..<4, using: &random)) }
                    return SimulatedRecord(
                        topic: "decisions", key: Array("case-\(Int.random(in: 0..<12, using: &random))".utf8),
                        value: Int.random(in: 0..<6, using: &random) == 0
                            ? nil : try? Serde.json([Float].self).bytes(of: vector),
                        timestampMs: Int64(number * 10))
                }
            })
    }

    @Test("the matches do not depend on commits, crashes and aborts", arguments: [true, false])
    func sound(isCached: Bool) throws {
        let simulation = Self.simulation(isCached: isCached) { decisions, cases in
            decisions.join(
                similarTo: { $0 }, inOwnPartitionOf: cases, by: Self.index, count: 3, effort: .exact, result: .string
            ) { _, matches in matches.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }
        }
        for seed in 0..<40 as Range<UInt64> {
            let problems = try Self.problems(of: simulation, seed: seed)
            #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(3))")
        }
    }

    /// Returns the problems of a run, but for those of reads: the simulation compares views of indexes by their descriptions, which those
    /// of vectors do not have.
    private static func problems(of simulation: Simulation, seed: UInt64) throws -> [String] {
        try simulation.run(seed: seed).problems.filter { !$0.contains(" was read at ") }
    }

    /// Planted faults.
    enum Fault: String, CaseIterable {
        case uncommittedChangesAreNotSeen, oldVectorsAreMatched
    }

    @Test("a join that overlooks what is not committed is found", arguments: Fault.allCases, [true, false])
    func faults(fault: Fault, isCached: Bool) throws {
        let simulation = Self.simulation(isCached: isCached) { decisions, cases in
            decisions.join(
                index: "similar", inOwnPartitionOf: cases, view: IndexSnapshot.self, result: .string
            ) { (index: TaskIndex<String, [Float], IndexSnapshot>) in
                let vectors = try TaskVectorIndex(index, of: Self.index)
                return { _, vector in
                    let partition = try index.partition()
                    let old = try partition.view.search(near: vector, count: 3, effort: nil)
                        .map { String(decoding: $0.key, as: UTF8.self) }
                    if fault == .uncommittedChangesAreNotSeen { return old.joined(separator: ", ") }
                    let new = try vectors.search(near: vector, count: 3, effort: .exact).matches.map(\.key)
                    return Set(new + old).sorted().joined(separator: ", ")
                }
            }
        }
        let finder = try (0..<40 as Range<UInt64>).first { try !Self.problems(of: simulation, seed: $0).isEmpty }
        #expect(finder != nil, "\(fault) went unnoticed")
    }
}
