import Millrace
public import MillraceTesting

extension Scenarios {
    /// Custom stores: one that is no map and logs its changes at the commit, and windows in an engine that forgets everything
    /// when it is closed. Records that are too late for a window go to a separate topic. There is one partition, because lateness
    /// depends on stream time, which differs between partitions.
    public static var ownStores: Simulation {
        Simulation(
            "own-stores", topics: ["readings": 1, "totals": 1, "readings-per-window": 1, "late-readings": 1],
            outputs: ["totals", "readings-per-window", "late-readings"],
            define: { builder in
                let readings = builder.stream("readings", key: .string, value: .string)
                let totals = Stores.custom("totals") { context in Totals(context) }
                readings.processValues(stores: [totals]) { (context: FixedKeyProcessorContext<String, String>) in
                    let totals = try context.store(totals)
                    return { record in
                        guard let key = record.key else { return }
                        try context.forward(record.with(value: "\(totals.add(key))"))
                    }
                }
                .to("totals")
                readings.groupByKey().windowedBy(.tumbling(.milliseconds(100), grace: .milliseconds(50)))
                    .count(
                        into: Materialized.store("readings-per-window").withoutCache()
                            .supplied(by: StoreSupplier { _ in Forgetful() }).lateRecords(to: "late-readings")
                    )
                    .toStream().to("readings-per-window")
            },
            inputs: { random in
                (0..<80).map { number in
                    let lateMs =
                        Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0..<400, using: &random) : 0
                    return SimulatedRecord(
                        topic: "readings", key: Array("sensor-\(Int.random(in: 0..<4, using: &random))".utf8),
                        value: Array("\(number)".utf8), timestampMs: Int64(max(0, number * 10 - lateMs)))
                }
            })
    }
}

/// Counts how often each name was added.
private final class Totals: QueryableStateStore {
    struct View: Sendable, CustomStringConvertible {
        let totals: [String: Int]
        var description: String {
            totals.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        }
    }

    func makeView() -> View { View(totals: totals) }

    private let context: StateStoreContext
    private var totals: [String: Int] = [:]
    private var changed: Set<String> = []

    init(_ context: StateStoreContext) { self.context = context }

    func add(_ name: String) -> Int {
        totals[name, default: 0] += 1
        changed.insert(name)
        return totals[name, default: 0]
    }

    func flush() throws {
        for name in changed.sorted() {
            try context.log(
                key: Array(name.utf8), value: totals[name].map { Array("\($0)".utf8) }, timestampMs: 0)
        }
        changed = []
    }

    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        totals[String(decoding: key, as: UTF8.self)] = value.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    func removeAll() { totals = [:] }
}

/// An engine that keeps nothing after it is closed.
private final class Forgetful: StorageEngine {
    private struct Closed: Error {}

    private var entries: [[UInt8]: [UInt8]] = [:]
    private var isOpen = true

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        guard isOpen else { throw Closed() }
        guard let value = entries[Array(key)] else { return try body(nil) }
        try value.withUnsafeBytes(body)
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard isOpen else { throw Closed() }
        let sorted = entries.filter { key, _ in
            lower.map { !key.lexicographicallyPrecedes($0) } ?? true
                && upper.map { key.lexicographicallyPrecedes($0) } ?? true
        }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        for (key, value) in reversed ? sorted.reversed() : sorted {
            let goesOn = try key.withUnsafeBytes { key in try value.withUnsafeBytes { try body(key, $0) } }
            if !goesOn { return }
        }
    }

    func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws {
        guard isOpen else { throw Closed() }
        if let bound { entries = entries.filter { !$0.key.lexicographicallyPrecedes(bound) } }
        for write in writes { entries[Array(write.key)] = write.value.map { Array($0) } }
    }

    func flush() {}
    func removeAll() { entries = [:] }
    func close() { isOpen = false }
}
