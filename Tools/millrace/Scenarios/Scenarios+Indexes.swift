import Millrace
public import MillraceTesting

extension Scenarios {
    /// A table with indexes of its values. Reads compare them with the entries of the same commit, and searches through other
    /// instances are compared with all entries at the position of the answer.
    public static var indexedTable: Simulation {
        Simulation(
            "indexed-table", topics: ["people": 3, "moves": 3], outputs: ["moves"],
            define: { builder in
                builder.table(
                    "people", key: .string, value: .string,
                    into: .store("people").withoutCache().indexed(by: EntryMapIndex.supplier("residents"))
                        .indexed(by: NearestIndex.supplier("nearest"))
                )
                .toStream().to("moves")
            },
            inputs: { random in
                (0..<80).map { number in
                    let town = ["ulm", "bonn", "jena"].randomElement(using: &random)
                    return SimulatedRecord(
                        topic: "people", key: Array("person-\(Int.random(in: 0..<9, using: &random))".utf8),
                        value: Int.random(in: 0..<5, using: &random) == 0 ? nil : town.map { Array($0.utf8) },
                        timestampMs: Int64(number * 10))
                }
            })
    }
}
