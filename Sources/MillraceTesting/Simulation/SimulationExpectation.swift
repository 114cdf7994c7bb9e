import ClusterCore
import Millrace
import MillraceEngine

/// The expected results of a simulation: the test driver's for the same records.
struct SimulationExpectation {
    private var results: SimulatedResults
    /// The contents of each store of each task.
    private var stores: [StorePartition: [[UInt8]: [UInt8]]] = [:]

    private struct StorePartition: Hashable {
        var name: String
        var partition: Int32
    }

    init(_ topology: Topology, records: [SimulatedRecord], of simulation: Simulation) throws {
        let driver = try simulation.driver(topology)
        try simulation.pipe(records, into: driver)
        results = SimulatedResults(inputs: records)
        for topic in simulation.outputs {
            for sent in try driver.outputTopic(topic, key: .bytes, value: .bytes).readRecords() {
                results.add(sent, to: topic)
            }
        }
        let tasks = topology.subtopologies.filter { !$0.isGlobal }
        for store in tasks.flatMap(\.stores) where store.kind.isKeptInEngine {
            for partition in 0..<(simulation.topics.values.max() ?? 1) {
                guard let bytes = driver.store(named: store.name, partition: partition)?.bytes else { continue }
                stores[StorePartition(name: store.name, partition: partition)] = try Self.contents(of: bytes)
            }
        }
        driver.close()
    }

    /// Returns every difference of a cluster and the open tasks from this.
    func compare(
        _ cluster: Cluster, with simulation: Simulation, _ tasks: [StreamTask]
    ) -> [String] {
        var found = SimulatedResults(inputs: results.inputs)
        for topic in simulation.outputs { found.outputs[topic] = Self.values(of: topic, in: cluster, simulation) }
        var problems = simulation.outputs.flatMap { compare($0, found, simulation) }
        if let rules = simulation.rules { problems += rules(found) }
        if tasks.isEmpty || !simulation.comparesStores { return problems }
        for (partition, expected) in stores.sorted(by: {
            ($0.key.name, $0.key.partition) < ($1.key.name, $1.key.partition)
        }
        ) {
            let store = tasks.lazy.filter { $0.id.partition == partition.partition }
                .compactMap { $0.store(named: partition.name)?.bytes }.first
            let found = store.flatMap { try? Self.contents(of: $0) } ?? [:]
            // If results depend on the order of two inputs, so do the timestamps in front of the values.
            let ignored = simulation.comparesAll ? 0 : 8
            let wrong = Set(found.keys).union(expected.keys).filter {
                found[$0]?.dropFirst(ignored) != expected[$0]?.dropFirst(ignored)
            }
            if wrong.isEmpty { continue }
            let keys = wrong.map(Self.text).sorted().prefix(3)
            problems.append(
                "store \(partition.name) of partition \(partition.partition) differs in \(wrong.count) keys: "
                    + keys.joined(separator: ", "))
        }
        return problems
    }

    /// The values that a reader of committed records finds in a topic.
    private static func values(
        of topic: String, in cluster: Cluster, _ simulation: Simulation
    ) -> [[UInt8]?: [SimulatedResults.Value]] {
        var values: [[UInt8]?: [SimulatedResults.Value]] = [:]
        for number in 0..<(simulation.topics[topic] ?? 0) {
            for record in cluster.committedRecords(of: ClusterCore.TopicPartition(topic, number), from: 0) {
                values[record.key.map(Array.init), default: []].append(
                    SimulatedResults.Value(bytes: record.value.map(Array.init), timestampMs: record.timestampMs))
            }
        }
        return values
    }

    private func compare(_ topic: String, _ found: SimulatedResults, _ simulation: Simulation) -> [String] {
        let (found, expected) = (found.outputs[topic] ?? [:], results.outputs[topic] ?? [:])
        var problems: [String] = []
        for key in Set(found.keys).union(expected.keys).sorted(by: { Self.text($0) < Self.text($1) }) {
            let (have, want) = (found[key] ?? [], expected[key] ?? [])
            if simulation.isRight(have, want) { continue }
            let index = zip(have, want).prefix { $0 == $1 }.count
            let (one, other) = (have.dropFirst(index).first, want.dropFirst(index).first)
            problems.append(
                "\(topic), key \(Self.text(key)): \(have.count) values instead of \(want.count), the first difference at "
                    + "\(index): \(Self.text(one)) instead of \(Self.text(other))")
        }
        return problems
    }

    /// Whether a standby's store has the contents of the active task's. It may still have entries that expire over time.
    static func matchesActive(_ store: TaskStore, of standby: TaskState, in task: StreamTask) -> Bool {
        let name = store.plan.name
        guard let found = try? standby.store(named: name)?.bytes.map(contents),
            let original = try? task.store(named: name)?.bytes.map(contents)
        else { return false }
        return store.followsActiveTask
            ? original.allSatisfy { found[$0.key] == $0.value } : found == original
    }

    private static func contents(of store: any KeyValueBytesStore) throws -> [[UInt8]: [UInt8]] {
        var contents: [[UInt8]: [UInt8]] = [:]
        try store.scan(from: nil, to: nil) { key, value in
            contents[Array(key)] = Array(value)
            return true
        }
        return contents
    }

    private static func text(_ key: [UInt8]?) -> String { key.map { String(decoding: $0, as: UTF8.self) } ?? "null" }

    private static func text(_ value: SimulatedResults.Value?) -> String {
        value.map { "\($0.text)@\($0.timestampMs)" } ?? "nothing"
    }
}

extension Simulation {
    /// Whether everything is compared, timestamps included.
    fileprivate var comparesAll: Bool {
        if case .allValues = comparison { guarantee == .exactlyOnce } else { false }
    }

    /// Whether the values of a key are as expected.
    fileprivate func isRight(_ have: [SimulatedResults.Value], _ want: [SimulatedResults.Value]) -> Bool {
        if guarantee == .atLeastOnce { return have.last?.bytes == want.last?.bytes }
        switch comparison {
        case .allValues: return have == want
        case .anyOrder: return have.sorted(by: precedes) == want.sorted(by: precedes)
        case .updates:
            var rest = want[...]
            for value in have {
                guard let index = rest.firstIndex(of: value) else { return false }
                rest = rest[(index + 1)...]
            }
            // A key that is deleted before a commit was never written.
            return have.last == want.last || (have.isEmpty && want.last?.bytes == nil)
        case .lastValues: return have.last?.bytes == want.last?.bytes
        case .none: return true
        }
    }

    private func precedes(_ left: SimulatedResults.Value, _ right: SimulatedResults.Value) -> Bool {
        (left.timestampMs, left.text) < (right.timestampMs, right.text)
    }
}
