import Millrace
public import MillraceTesting
import MillraceVectors

extension Scenarios {
    /// Tables with an index of vectors on disk, each kept in another way.
    static var ofVectors: [Simulation] { [vectors, vectorsOfTopic, globalVectors] }

    private static let similar = VectorIndex<String, [Float]>(
        "similar", of: { $0 }, dimensions: 3, metric: .euclidean)

    private static var store: Materialized<String, [Float]> {
        .store("vectors").withoutCache().indexed(by: SimulatedVectorIndex.supplier(similar))
    }

    /// A table whose store has a changelog.
    public static var vectors: Simulation {
        var simulation = Simulation(
            "vectors", topics: ["vectors": 3, "changes": 3], outputs: ["changes"],
            define: { builder in
                builder.table("vectors", key: .string, value: .json([Float].self), into: store)
                    .toStream().to("changes")
            }, inputs: { random in changes(120, in: &random) })
        simulation.checkReads = { VectorCheck.problem(in: $0, of: similar, partitions: 3) }
        return simulation
    }

    /// A table whose topic is its changelog.
    public static var vectorsOfTopic: Simulation {
        var simulation = vectors
        simulation.name = "vectors-of-topic"
        simulation.optimization = .reuseTableSourceTopics
        return simulation
    }

    /// A global table, beside a topology that does not change.
    public static var globalVectors: Simulation {
        var simulation = Simulation(
            "global-vectors", topics: ["vectors": 2, "events": 2, "copies": 2], outputs: ["copies"],
            define: { builder in
                _ = builder.globalTable("vectors", key: .string, value: .json([Float].self), into: store)
                builder.stream("events", key: .string, value: .string).to("copies")
            },
            inputs: { random in
                let events = (0..<20).map { number in
                    SimulatedRecord("events", "event-\(number)", "x", atMs: Int64(number * 30))
                }
                return (changes(80, in: &random) + events).sorted { $0.timestampMs < $1.timestampMs }
            })
        simulation.checkReads = { VectorCheck.problem(in: $0, of: similar, partitions: 1) }
        return simulation
    }

    private static func changes(_ count: Int, in random: inout SeededRandom) -> [SimulatedRecord] {
        (0..<count).map { number in
            let vector = (0..<3).map { _ in Int.random(in: -4...4, using: &random) }
            return SimulatedRecord(
                topic: "vectors", key: Array("key-\(Int.random(in: 0..<40, using: &random))".utf8),
                value: Int.random(in: 0..<4, using: &random) == 0
                    ? nil : Array("[\(vector.map(String.init).joined(separator: ","))]".utf8),
                timestampMs: Int64(number * 10))
        }
    }
}
