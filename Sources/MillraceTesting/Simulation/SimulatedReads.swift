import Millrace
import MillraceEngine

/// Queries of the instances' stores during a run. A read has to find the contents of the test driver's store after exactly as
/// many records as the read's position says, and no position of an instance may go back.
///
/// Only stores whose tasks read one partition of one input topic are read, because only their contents follow from the
/// position.
final class SimulatedReads {
    /// One partition of a store.
    struct StorePartition: Hashable {
        var store: String
        var partition: Int32
    }

    /// The contents of a store after each number of records of its input.
    private struct History {
        var input: TopicPartition
        var contents: [String]
    }

    private var histories: [StorePartition: History] = [:]
    /// The store partitions to read, in an order that does not depend on hashes.
    private(set) var storePartitions: [StorePartition] = []
    /// The offsets at which each instance's stores were read last.
    private var last: [String: [StorePartition: Int64]] = [:]

    /// Computes the contents that reads have to find for a simulation's records.
    init(_ topology: Topology, records: [SimulatedRecord], of simulation: Simulation) throws {
        let stores = Self.stores(of: topology, in: simulation)
        if stores.isEmpty { return }
        let driver = try simulation.driver(topology)
        defer { driver.close() }
        for (store, topic) in stores {
            driver.localStores.want(store)
            for partition in 0..<(simulation.topics[topic] ?? 0) {
                let storePartition = StorePartition(store: store, partition: partition)
                storePartitions.append(storePartition)
                histories[storePartition] = History(
                    input: TopicPartition(topic: topic, partition: partition), contents: [])
            }
        }
        for task in driver.running { try driver.followWantedStores(of: task) }
        for storePartition in storePartitions { try record(storePartition, in: driver) }
        try simulation.pipe(records, into: driver) { number in
            let input = records[number].partition.map { TopicPartition(topic: records[number].topic, partition: $0) }
            for storePartition in storePartitions where histories[storePartition]?.input == input {
                try record(storePartition, in: driver)
            }
        }
    }

    private func record(_ storePartition: StorePartition, in driver: TopologyTestDriver) throws {
        let contents = try Self.read(storePartition, from: driver.localStores).value
        histories[storePartition]?.contents.append(contents)
    }

    private static func stores(of topology: Topology, in simulation: Simulation) -> [(store: String, topic: String)] {
        // If nothing is compared, results depend on the clock, and so do the contents of the stores.
        guard simulation.comparesStores, simulation.comparison != .none, simulation.guarantee == .exactlyOnce,
            simulation.topicChanges.isEmpty,
            simulation.lateTopics.isEmpty, !topology.subtopologies.contains(where: \.isGlobal)
        else { return [] }
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

    /// Makes the registry follow the stores that are going to be read.
    func want(in localStores: LocalStores) {
        for storePartition in storePartitions { localStores.want(storePartition.store) }
    }

    /// Reads a store of an instance, if it can be read there now.
    ///
    /// - Returns: what is wrong with the read; `nil` if it is right.
    func read(_ storePartition: StorePartition, of instance: String, in localStores: LocalStores) -> String? {
        guard let history = histories[storePartition], let found = try? Self.read(storePartition, from: localStores)
        else { return nil }
        let offset = found.position[history.input]
        let name = "\(storePartition.store) of partition \(storePartition.partition) on \(instance)"
        if offset < last[instance]?[storePartition] ?? 0 { return "the position of \(name) went back to \(offset)" }
        last[instance, default: [:]][storePartition] = offset
        guard offset < history.contents.count else { return "\(name) is at \(offset), beyond its input" }
        let expected = history.contents[Int(offset)]
        return found.value == expected
            ? nil : "\(name) was read at \(offset) as \(found.value) instead of \(expected)"
    }

    private static func read(_ storePartition: StorePartition, from localStores: LocalStores) throws -> Committed<
        String
    > {
        if try localStores.store(named: storePartition.store).plan.kind.isCustom {
            let (reader, position) = try localStores.pin(storePartition.store, partition: storePartition.partition)
            return Committed(value: "\(try reader.customView())", position: position)
        }
        return try localStores.view(.bytes(storePartition.store).partition(storePartition.partition)).readCommit {
            store in
            let entries =
                switch store.kind {
                case .window, .timestampedWindow: try store.windows()
                case .session: try store.sessions()
                default: try store.entries()
                }
            return entries.map(store.json).joined(separator: "\n")
        }
    }
}
