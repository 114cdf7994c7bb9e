import Millrace
import MillraceEngine
import MillraceTesting
import Scenarios
import Testing

/// Runs every operator that keeps state, with an instance that ends after every few records.
@Suite("Operators across restarts")
struct StatefulOperatorTests {
    @Test(
        "the results are the same, however the instance ends and whatever its stores are",
        arguments: StatefulOperator.all.map(\.name),
        [false, true])
    func restarts(name: String, isOnDisk: Bool) throws {
        let stateful = try #require(StatefulOperator.all.first { $0.name == name })
        let storage: StateStorage = isOnDisk ? .simulatedDisk : .memory
        for seed in 0..<3 as Range<UInt64> {
            let expected = try stateful.simulation.driven(seed: seed, storage: storage, ending: nil)
            #expect(expected.lines.values.reduce(0) { $0 + $1.count } > 10)
            for ending in InstanceEnding.allCases {
                let found = try stateful.simulation.driven(seed: seed, storage: storage, ending: ending)
                switch stateful.afterRestarts {
                case .sameRecords: #expect(found.lines == expected.lines, "\(ending), seed \(seed)")
                case .sameRecordsInAnyOrder:
                    #expect(
                        found.lines.mapValues { $0.sorted() } == expected.lines.mapValues { $0.sorted() },
                        "\(ending), seed \(seed)")
                case .rules:
                    let rules = try #require(stateful.simulation.rules)
                    #expect(rules(found.results).isEmpty, "\(ending), seed \(seed)")
                }
            }
        }
    }

    @Test("the list has every kind of store")
    func storeKinds() throws {
        let stores = try StatefulOperator.all.flatMap { try $0.simulation.topology().subtopologies.flatMap(\.stores) }
        let accesses = Set(stores.map { Self.name(of: $0.kind.access) })
        #expect(accesses == ["hashed", "ordered", "buffered", "versioned", "custom"])
        #expect(Set(stores.map(\.kind.values)) == [.plain, .timestamped])
    }

    private static func name(of access: StoreKind.Access) -> String {
        switch access {
        case .hashed: "hashed"
        case .ordered: "ordered"
        case .buffered: "buffered"
        case .versioned: "versioned"
        case .custom: "custom"
        }
    }
}
