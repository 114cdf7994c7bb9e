import Millrace
public import MillraceTesting

extension Scenarios {
    /// A table with indexes of its values. Reads compare them with the entries of the same commit, and searches through other
    /// instances are compared with all entries at the position of the answer.
    public static var indexedTable: Simulation {
        Simulation(
            "indexed-table", topics: ["people": 3, "moves": 3], outputs: ["moves"],
            define: { builder in
                let residents = StoreIndexSupplier<String>("residents", kind: "residents") { _, _ in Residents() }
                builder.table(
                    "people", key: .string, value: .string,
                    into: .store("people").withoutCache().indexed(by: residents).indexed(
                        by: NearestIndex.supplier("nearest"))
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

/// Finds the people who live in a town.
private final class Residents: StoreIndex {
    struct View: Sendable, CustomStringConvertible {
        let towns: [String: String]
        var description: String {
            Dictionary(grouping: towns.keys) { towns[$0] ?? "" }.sorted { $0.key < $1.key }
                .map { "\($0.key): \($0.value.sorted().joined(separator: " "))" }.joined(separator: ", ")
        }
    }

    private var towns: [String: String] = [:]
    private(set) var position = Position()

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        towns[String(decoding: key, as: UTF8.self)] = value.map { String(decoding: $0, as: UTF8.self) }
    }

    func commit(at position: Position) -> View {
        self.position = position
        return View(towns: towns)
    }

    func rebuild(from entries: StoreIndexEntries) throws {
        removeAll()
        try entries.scan { key, value in
            apply(key: key, value: value)
            return true
        }
    }

    func removeAll() { towns = [:] }
    func close() {}
}
