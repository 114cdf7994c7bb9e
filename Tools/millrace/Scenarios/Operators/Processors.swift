import Millrace
import MillraceTesting

/// Processors with stores of every kind, and with punctuations.
extension StatefulOperator {
    static var processors: [StatefulOperator] { [changesOnly, connectedStores, ownStore, byHand, punctuations] }

    /// A processor with a custom store, which forwards only changes and requests commits by the wall clock.
    private static var changesOnly: StatefulOperator {
        StatefulOperator(
            "changes-only", ["KStream.processValues"], from: ["settings"], to: ["changes"],
            define: { builder in
                let last = Stores.keyValue("last-settings", key: .string, value: .string)
                builder.stream("settings", key: .string, value: .string)
                    .processValues(stores: [last]) { (context: FixedKeyProcessorContext<String, String>) in
                        let store = try context.store(last)
                        try context.schedule(every: .milliseconds(30), on: .wallClockTime) { _ in
                            context.requestCommit()
                        }
                        return { record in
                            guard let key = record.key, try store.get(key) != record.value else { return }
                            try store.put(key, record.value)
                            try context.forward(record)
                        }
                    }
                    .to("changes")
            },
            records: { random in
                (0..<60).map { number in
                    let value = Int.random(in: 0..<3, using: &random)
                    return SimulatedRecord(
                        "settings", "setting-\(Int.random(in: 0..<6, using: &random))", value == 0 ? nil : "\(value)",
                        atMs: Int64(number * 10))
                }
            })
    }

    /// Each record is put into a store of each kind, and forwarded with the stores' entries for its key.
    private static var connectedStores: StatefulOperator {
        StatefulOperator(
            "connected-stores", ["KStream.process"], from: ["in"], to: ["out"],
            define: { builder in
                let counts = Stores.timestampedKeyValue("counts", key: .string, value: .int64).cached()
                let windows = Stores.window("windows", key: .string, value: .string, retention: .milliseconds(200))
                let sessions = Stores.session("sessions", key: .string, value: .string, retention: .milliseconds(200))
                let versions = Stores.versionedKeyValue(
                    "versions", key: .string, value: .string, historyRetention: .milliseconds(200))
                builder.stream("in", key: .string, value: .string)
                    .process(stores: [counts, windows, sessions, versions]) {
                        (context: ProcessorContext<String, String>) in
                        let (counts, windows) = (try context.store(counts), try context.store(windows))
                        let (sessions, versions) = (try context.store(sessions), try context.store(versions))
                        return { record in
                            guard let key = record.key, let value = record.value else { return }
                            let now = record.timestampMs
                            let count = (try counts.get(key)?.value ?? 0) + 1
                            try counts.put(key, count, timestampMs: now)
                            try windows.put(key, value, startMs: now / 50 * 50, timestampMs: now)
                            let (moment, near) = (Moment(ms: now), TimeSpan(ms: 100))
                            let start = moment.roundedDown(to: near)
                            let session = Window(startMs: start.ms, endMs: (start + TimeSpan(ms: 50)).ms)
                            try sessions.put(key, value, session: session, timestampMs: now)
                            try versions.put(key, value, timestampMs: now)
                            let recent = try windows.fetch(key, starting: (moment - near).ms...(moment + near).ms)
                                .map { "\($0.value)@\($0.startMs)" }
                            let visits = try sessions.fetch(key, endingAtOrAfter: (moment - near).ms).map(\.value)
                            let before = try versions.get(key, asOfMs: (moment - TimeSpan(ms: 60)).ms)?.value ?? "none"
                            try context.forward(record.with(value: "\(count) \(recent) \(visits) \(before)"))
                        }
                    }
                    .to("out")
            },
            records: { .texts("in", keys: 4, jitterMs: 100, &$0) })
    }

    /// A store that is no map: the count of each word, in memory, with a changelog that the store writes itself.
    private static var ownStore: StatefulOperator {
        StatefulOperator(
            "own-store", ["KStream.processValues"], from: ["in"], to: ["out"],
            define: { builder in
                let words = Stores.custom("words") { context in WordCounts(context) }
                builder.stream("in", key: .string, value: .string)
                    .processValues(stores: [words]) { (context: FixedKeyProcessorContext<String, String>) in
                        let words = try context.store(words)
                        return { record in
                            guard let key = record.key else { return }
                            let count = try words.add(key, timestampMs: record.timestampMs)
                            try context.forward(record.with(value: "\(count) of \(words.total)"))
                        }
                    }
                    .to("out")
            },
            records: { .texts("in", keys: 5, &$0) })
    }

    /// A hand-written topology, with a read-only store that a topic fills.
    private static var byHand: StatefulOperator {
        StatefulOperator(
            "by-hand",
            [
                "StreamsBuilder.addProcessor", "StreamsBuilder.addStateStore", "StreamsBuilder.connect",
                "StreamsBuilder.addReadOnlyStateStore",
            ],
            from: ["limits", "payments"], to: ["sums"],
            define: { builder in
                let limits = Stores.keyValue("limits", key: .string, value: .string)
                let sums = Stores.keyValue("sums", key: .string, value: .string)
                builder.addReadOnlyStateStore(
                    limits, topic: "limits", key: .string, value: .string, named: "limits-reader")
                let payments = builder.addSource("payments", topics: ["payments"], key: .string, value: .string)
                let added = builder.addProcessor("add", after: payments) {
                    (context: ProcessorContext<String, String>) in
                    let (limits, sums) = (try context.store(limits), try context.store(sums))
                    return { record in
                        guard let key = record.key, let value = record.value else { return }
                        let sum = (try sums.get(key) ?? "") + " " + value
                        try sums.put(key, sum)
                        try context.forward(record.with(value: "\(sum) of \(try limits.get(key) ?? "no limit")"))
                    }
                }
                builder.addStateStore(sums, connectedTo: "add")
                builder.connect(processor: "add", to: [limits])
                builder.addSink("sums", topic: "sums", after: added)
            },
            records: { random in
                .texts("limits", count: 15, deletions: 5, &random)
                    + .texts("payments", count: 20, &random).waiting()
                    + .texts("limits", count: 15, startingAtMs: 300, deletions: 5, &random).waiting()
                    + .texts("payments", count: 20, startingAtMs: 450, &random).waiting()
            })
    }

    /// Records are gathered in a store and forwarded together, by stream time or by the wall clock. The time depends on the start
    /// of the task, but each record comes once, and those of a key in order.
    private static var punctuations: StatefulOperator {
        StatefulOperator(
            "punctuations", ["KStream.process"], from: ["in"], to: ["batches"],
            define: { builder in
                let waiting = Stores.keyValue("waiting", key: .string, value: .string)
                builder.stream("in", key: .string, value: .string)
                    .process(stores: [waiting]) { (context: ProcessorContext<String, String>) in
                        let store = try context.store(waiting)
                        let handOn: (Int64) throws -> Void = { timestampMs in
                            for (key, value) in try store.entries() {
                                try store.put(key, nil)
                                try context.forward(Record(key: key, value: value, timestampMs: timestampMs))
                            }
                        }
                        try context.schedule(every: .milliseconds(100), on: .streamTime, handOn)
                        try context.schedule(every: .milliseconds(400), on: .wallClockTime, handOn)
                        return { record in
                            guard let key = record.key, let value = record.value else { return }
                            try store.put(key, (try store.get(key).map { $0 + " " } ?? "") + value)
                            if value == "end" { try handOn(record.timestampMs) }
                        }
                    }
                    .to("batches")
            },
            records: { random in
                .texts("in", keys: 4, jitterMs: 50, &random) + .ending("in", atMs: 1_000)
            }
        )
        .with {
            $0.simulation.comparison = .none
            $0.simulation.rules = { results in
                let batches = results.texts(of: "batches").mapValues { $0.joined(separator: " ") }
                let inputs = Dictionary(grouping: results.inputs) { String(decoding: $0.key ?? [], as: UTF8.self) }
                    .mapValues { $0.map { String(decoding: $0.value ?? [], as: UTF8.self) }.joined(separator: " ") }
                return Set(batches.keys).union(inputs.keys).filter { batches[$0] != inputs[$0] }.sorted()
                    .map { "\($0) is \(batches[$0] ?? "missing") instead of \(inputs[$0] ?? "nothing")" }
            }
            $0.afterRestarts = .rules
        }
    }
}

/// The count of each word, and the count of all words.
private final class WordCounts: QueryableStateStore {
    struct View: Sendable, CustomStringConvertible {
        let counts: [String: Int]
        var description: String { counts.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " ") }
    }

    func makeView() -> View { View(counts: counts) }

    private let context: StateStoreContext
    private var counts: [String: Int] = [:]

    init(_ context: StateStoreContext) { self.context = context }

    var total: Int { counts.values.reduce(0, +) }

    func add(_ word: String, timestampMs: Int64) throws -> Int {
        let count = (counts[word] ?? 0) + 1
        counts[word] = count
        try context.log(key: Array(word.utf8), value: Array("\(count)".utf8), timestampMs: timestampMs)
        return count
    }

    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) {
        counts[String(decoding: key, as: UTF8.self)] = value.flatMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    func removeAll() { counts = [:] }
}
