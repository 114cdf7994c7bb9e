import Millrace
import MillraceEngine

/// One partition of a store.
struct StorePartition: Hashable, CustomStringConvertible {
    var store: String
    var partition: Int32

    var description: String { "\(store) of partition \(partition)" }
}

/// The contents of one partition of a store, with those views of its indexes that are texts.
enum StoreContents: Equatable, CustomStringConvertible {
    case entries([StoreEntry], indexes: [String] = [])
    /// The view of a custom store, as text.
    case view(String)

    /// The entries; none of a custom store.
    var entries: [StoreEntry] { if case .entries(let entries, _) = self { entries } else { [] } }

    var description: String {
        switch self {
        case .entries(let entries, let indexes): (entries.map(\.text) + indexes).joined(separator: " ")
        case .view(let text): text
        }
    }

    /// Reads one partition of a store that is here, as of its last commit.
    static func read(_ place: StorePartition, from localStores: LocalStores) throws -> Committed<StoreContents> {
        let plan = try localStores.plan(of: place.store)
        if plan.kind.isCustom {
            let (reader, position) = try localStores.pin(place.store, partition: place.partition)
            return Committed(value: .view("\(try reader.customView())"), position: position)
        }
        return try localStores.view(.bytes(place.store).partition(place.partition)).readCommit { store in
            switch store.kind {
            case .window, .timestampedWindow: .entries(try store.windows())
            case .session: .entries(try store.sessions())
            default:
                .entries(
                    try store.entries(),
                    indexes: try plan.indexes.flatMap { index in
                        try store.indexViews(named: index.name).compactMap {
                            ($0 as? any CustomStringConvertible)?.description
                        }
                    })
            }
        }
    }
}

extension StoreEntry {
    /// The entry as text, for people.
    var text: String {
        let window = window.map { "[\($0.startMs)..\($0.endMs)]" } ?? ""
        let time = timestampMs.map { "@\($0)" } ?? ""
        return "\(String(decoding: key, as: UTF8.self))\(window)=\(String(decoding: value, as: UTF8.self))\(time)"
    }
}

/// The contents of the test driver's stores after each number of records of their input.
///
/// Only stores whose tasks read one partition of one input topic are among them, because only their contents follow from the
/// position.
struct StoreHistories {
    struct History {
        var input: TopicPartition
        var contents: [StoreContents] = []

        /// The number of records of the input.
        var end: Int64 { Int64(contents.count) - 1 }

        /// The contents after a number of records; `nil` if the input never has as many.
        func contents(at offset: Int64) -> StoreContents? {
            contents.indices.contains(Int(offset)) ? contents[Int(offset)] : nil
        }
    }

    /// The store partitions, in an order that does not depend on hashes.
    private(set) var partitions: [StorePartition] = []
    private var histories: [StorePartition: History] = [:]

    /// Computes the contents for a simulation's records.
    init(_ topology: Topology, records: [SimulatedRecord], of simulation: Simulation) throws {
        let stores = Self.stores(of: topology, in: simulation)
        if stores.isEmpty { return }
        let driver = try simulation.driver(topology)
        defer { driver.close() }
        for (store, topic) in stores {
            driver.localStores.want(store)
            for partition in 0..<(simulation.topics[topic] ?? 0) {
                let place = StorePartition(store: store, partition: partition)
                partitions.append(place)
                histories[place] = History(input: TopicPartition(topic: topic, partition: partition))
            }
        }
        for task in driver.running { try driver.followWantedStores(of: task) }
        for place in partitions { try record(place, in: driver) }
        try simulation.pipe(records, into: driver) { number in
            let input = records[number].partition.map { TopicPartition(topic: records[number].topic, partition: $0) }
            for place in partitions where histories[place]?.input == input { try record(place, in: driver) }
        }
    }

    subscript(_ place: StorePartition) -> History? { histories[place] }

    /// The names of the stores, each once.
    var stores: [String] {
        partitions.map(\.store).reduce(into: []) { names, name in if names.last != name { names.append(name) } }
    }

    private mutating func record(_ place: StorePartition, in driver: TopologyTestDriver) throws {
        histories[place]?.contents.append(try StoreContents.read(place, from: driver.localStores).value)
    }

    private static func stores(of topology: Topology, in simulation: Simulation) -> [(store: String, topic: String)] {
        guard simulation.canBeQueried, !topology.subtopologies.contains(where: \.isGlobal) else { return [] }
        return topology.subtopologies.flatMap { subtopology -> [(store: String, topic: String)] in
            guard subtopology.sourceTopics.count == 1, subtopology.sourcePatterns.isEmpty,
                case .external(let topic) = subtopology.sourceTopics[0],
                simulation.topics[topic] != nil
            else { return [] }
            return subtopology.stores.filter(isRead).map { ($0.name, topic) }
        }
    }

    /// Whether the store is read. Entries that are dropped when their windows close go at wall-clock times, not at positions.
    private static func isRead(_ store: StorePlan) -> Bool {
        switch store.kind.access {
        case .hashed, .versioned, .custom: true
        case .ordered(let keys): !keys.isTimeIndexed && keys.expiry != nil
        case .buffered: false
        }
    }
}

extension Simulation {
    /// Whether the contents of stores follow from positions. If nothing is compared, results depend on the clock, and so do the
    /// contents of the stores.
    var canBeQueried: Bool {
        comparesStores && comparison != .none && guarantee == .exactlyOnce && topicChanges.isEmpty && lateTopics.isEmpty
    }
}
