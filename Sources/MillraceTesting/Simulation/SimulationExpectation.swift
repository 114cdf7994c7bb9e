import ClusterCore
import Millrace
import MillraceEngine

/// What a simulation has to come to: what the test driver gives for the same records.
struct SimulationExpectation {
    /// The values of each key of each output topic, in order.
    private var outputs: [String: [[UInt8]?: [[UInt8]?]]] = [:]
    /// The contents of each store, timestamps left out.
    private var stores: [String: [[UInt8]: [UInt8]]] = [:]

    init(_ topology: Topology, records: [SimulatedRecord], outputs topics: [String]) throws {
        let driver = try TopologyTestDriver(topology)
        for record in records {
            try driver.inputTopic(record.topic, key: .bytes, value: .bytes)
                .pipe(key: record.key, value: record.value, timestampMs: record.timestampMs)
        }
        for topic in topics {
            for sent in try driver.outputTopic(topic, key: .bytes, value: .bytes).readRecords() {
                outputs[topic, default: [:]][sent.key, default: []].append(sent.value)
            }
        }
        for store in topology.subtopologies.flatMap(\.stores) {
            guard let bytes = driver.store(named: store.name) else { continue }
            stores[store.name] = try Self.contents(of: bytes)
        }
    }

    /// Everything in which a cluster, and the tasks that are open, differ from this.
    func compare(
        _ cluster: Cluster, with simulation: Simulation, _ topology: Topology, _ tasks: [StreamTask]
    ) -> [String] {
        var problems: [String] = []
        for topic in simulation.outputs {
            compare(topic, cluster, simulation, into: &problems)
        }
        if tasks.isEmpty || !simulation.comparesStores { return problems }
        for (name, expected) in stores.sorted(by: { $0.key < $1.key }) {
            var found: [[UInt8]: [UInt8]] = [:]
            for store in tasks.compactMap({ $0.store(named: name) }) {
                found.merge((try? Self.contents(of: store)) ?? [:]) { $1 }
            }
            if found != expected {
                let wrong = Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }
                let keys = wrong.map(Self.text).sorted().prefix(3)
                problems.append("store \(name) differs in \(wrong.count) keys: \(keys.joined(separator: ", "))")
            }
        }
        return problems
    }

    private func compare(_ topic: String, _ cluster: Cluster, _ simulation: Simulation, into problems: inout [String]) {
        var found: [[UInt8]?: [[UInt8]?]] = [:]
        for number in 0..<(simulation.topics[topic] ?? 0) {
            for record in cluster.committedRecords(of: ClusterCore.TopicPartition(topic, number), from: 0) {
                found[record.key.map(Array.init), default: []].append(record.value.map(Array.init))
            }
        }
        let expected = outputs[topic] ?? [:]
        for key in Set(found.keys).union(expected.keys).sorted(by: { Self.text($0) < Self.text($1) }) {
            let (have, want) = (found[key] ?? [], expected[key] ?? [])
            let comparesAll = simulation.guarantee == .exactlyOnce && simulation.comparison == .allValues
            let isRight = comparesAll ? have == want : have.last == want.last
            if isRight { continue }
            let place = zip(have, want).prefix { $0 == $1 }.count
            problems.append(
                "\(topic), key \(Self.text(key)): \(have.count) values instead of \(want.count), "
                    + "the first difference at \(place)")
        }
    }

    private static func contents(of store: any KeyValueBytesStore) throws -> [[UInt8]: [UInt8]] {
        var contents: [[UInt8]: [UInt8]] = [:]
        try store.scan(from: nil, to: nil) { key, value in
            contents[Array(key)] = Array(value.dropFirst(8))
            return true
        }
        return contents
    }

    private static func text(_ key: [UInt8]?) -> String { key.map { String(decoding: $0, as: UTF8.self) } ?? "null" }
}
