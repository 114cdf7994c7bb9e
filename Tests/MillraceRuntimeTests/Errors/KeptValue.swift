import Millrace
import MillraceTesting

/// An operator that keeps its results in a store, and a record whose result cannot be serialised.
struct KeptValue: Sendable {
    var name: String
    /// The value of the record that cannot be kept; `nil` deletes the key.
    var refused: String?
    /// Whether everything continues as if the record had never come. Otherwise tables upstream have processed it.
    var leavesNoTrace = true
    /// The number of operators that refuse the record.
    var count = 1
    /// The operator, with its results in the topic `out`. Stores that may keep the record have names that begin with `source`.
    var define: @Sendable (StreamsBuilder, _ isCached: Bool) throws -> Void

    init(
        _ name: String, refusing refused: String? = "bad", leavesNoTrace: Bool = true, count: Int = 1,
        define: @escaping @Sendable (StreamsBuilder, _ isCached: Bool) throws -> Void
    ) {
        self.name = name
        self.refused = refused
        self.leavesNoTrace = leavesNoTrace
        self.count = count
        self.define = define
    }

    static var all: [KeptValue] { streams + windows + numbers + tables + joins }

    private static func left(_ builder: StreamsBuilder) -> KStream<String, String> {
        builder.stream("left", key: .string, value: .string)
    }

    private static func right(_ builder: StreamsBuilder) -> KStream<String, String> {
        builder.stream("right", key: .string, value: .string)
    }

    private static func leftTable(_ builder: StreamsBuilder) -> KTable<String, String> {
        builder.table("left", key: .string, value: .string, into: .store("source-left").withoutCache())
    }

    private static func rightTable(_ builder: StreamsBuilder) -> KTable<String, String> {
        builder.table("right", key: .string, value: .string, into: .store("source-right").withoutCache())
    }

    private static func store(_ isCached: Bool) -> Materialized<String, String> {
        let store = Materialized<String, String>.store("kept", value: .choosy)
        return isCached ? store : store.withoutCache()
    }

    private static func sum(_ isCached: Bool) -> Materialized<String, Double> {
        let store = Materialized<String, Double>.store("kept", value: .json(Double.self))
        return isCached ? store : store.withoutCache()
    }

    // MARK: Operators

    private static var streams: [KeptValue] {
        [
            KeptValue("reduce") { left($0).groupByKey().reduce(into: store($1)) { $0 + $1 }.lines() },
            KeptValue("aggregate") {
                left($0).groupByKey().aggregate(into: store($1), initial: "") { $2 + $1 }.lines()
            },
            KeptValue("cogroup") {
                left($0).groupByKey().cogroup { (_: String, value: String, sum: String) in sum + value }
                    .cogroup(right($0).groupByKey()) { (_: String, value: String, sum: String) in sum + value }
                    .aggregate(into: store($1), initial: "").lines()
            },
            KeptValue("toTable") { left($0).toTable(into: store($1)).lines() },
            KeptValue("toTable of versions") { builder, _ in
                left(builder).toTable(into: .versioned("kept", historyRetention: .seconds(60), value: .choosy)).lines()
            },
        ]
    }

    private static var windows: [KeptValue] {
        let (size, grace) = (Duration.milliseconds(100), Duration.seconds(1))
        let fixed: [(String, @Sendable (KGroupedStream<String, String>) -> TimeWindowedKStream<String, String>)] = [
            ("tumbling windows", { $0.windowedBy(.tumbling(size, grace: grace)) }),
            ("hopping windows", { $0.windowedBy(.hopping(size, advance: .milliseconds(50), grace: grace)) }),
            ("sliding windows", { $0.windowedBy(.sliding(size, grace: grace)) }),
            ("sliding windows from the beginning of time", { $0.windowedBy(.sliding(.seconds(2), grace: grace)) }),
        ]
        let emits: [(String, EmitStrategy)] = [("", .onWindowUpdate), (", final", .onWindowClose)]
        var rows: [KeptValue] = []
        for (name, windowed) in fixed {
            for (suffix, emit) in emits {
                for refused in ["bad", "half"] where refused == "bad" || !name.hasPrefix("tumbling") {
                    rows.append(
                        KeptValue("\(name)\(suffix), \(refused)", refusing: refused) {
                            windowed(left($0).groupByKey()).emit(emit).reduce(into: store($1)) { $0 + $1 }.lines()
                        })
                }
            }
        }
        for (suffix, emit) in emits {
            rows += [
                KeptValue("sessions that merge\(suffix)") {
                    left($0).groupByKey().windowedBy(.session(gap: size, grace: grace)).emit(emit)
                        .reduce(into: store($1)) { $0 + $1 }.lines()
                },
                KeptValue("a session of its own\(suffix)", refusing: "half") {
                    left($0).groupByKey().windowedBy(.session(gap: .milliseconds(1), grace: grace)).emit(emit)
                        .reduce(into: store($1)) { $0 + $1 }.lines()
                },
            ]
        }
        return rows + [
            KeptValue("suppress") {
                left($0).groupByKey().windowedBy(.tumbling(size, grace: grace)).reduce(into: store($1)) { $0 + $1 }
                    .suppress(.untilWindowCloses()).lines()
            }
        ]
    }

    /// Aggregations with a value that is not a number, which JSON cannot represent.
    private static var numbers: [KeptValue] {
        let add: @Sendable (String, String, Double) -> Double = { $2 + (Double($1) ?? .nan) }
        return [
            KeptValue("sum") { left($0).groupByKey().aggregate(into: sum($1), initial: 0, add).lines() },
            KeptValue("sum in windows") {
                left($0).groupByKey()
                    .windowedBy(.hopping(.milliseconds(100), advance: .milliseconds(50), grace: .seconds(1)))
                    .aggregate(into: sum($1), initial: 0, add).lines()
            },
            KeptValue("sum in sessions") {
                left($0).groupByKey().windowedBy(.session(gap: .milliseconds(100), grace: .seconds(1)))
                    .aggregate(into: sum($1), initial: 0, add, merge: { $1 + $2 }).lines()
            },
        ]
    }

    private static var tables: [KeptValue] {
        [
            KeptValue("table") { $0.table("left", key: .string, value: .string, into: store($1)).lines() },
            KeptValue("mapValues") {
                leftTable($0).mapValues(into: store($1)) { (value: String) -> String? in value }.lines()
            },
            KeptValue("filter") { leftTable($0).filter(into: store($1)) { _, _ in true }.lines() },
            KeptValue("transformValues") {
                leftTable($0).transformValues(into: store($1)) { _ in
                    { (_: String, value: String?) -> String? in value }
                }
                .lines()
            },
            KeptValue("adder of a grouped table", leavesNoTrace: false) {
                leftTable($0).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .reduce(into: store($1), adder: { $0 + $1 }, subtractor: { sum, _ in sum }).lines()
            },
            KeptValue("subtractor of a grouped table", refusing: nil, leavesNoTrace: false) {
                leftTable($0).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .reduce(into: store($1), adder: { $1 }, subtractor: { sum, _ in sum + "bad" }).lines()
            },
        ]
    }

    private static var joins: [KeptValue] {
        let near = JoinWindows.difference(.milliseconds(100), grace: .seconds(1))
        return [
            KeptValue("join of tables") {
                leftTable($0).join(rightTable($0), into: store($1)) { $0 + $1 }.lines()
            },
            KeptValue("left join of tables") {
                leftTable($0).leftJoin(rightTable($0), into: store($1)) { $0 + ($1 ?? "") }.lines()
            },
            KeptValue("outer join of tables") {
                leftTable($0).outerJoin(rightTable($0), into: store($1)) { ($0 ?? "") + ($1 ?? "") }.lines()
            },
            KeptValue("join by a foreign key", leavesNoTrace: false) {
                leftTable($0).join(
                    rightTable($0), into: store($1), on: { (key: String, _: String) -> String? in key },
                    joiner: { $0 + $1 }
                )
                .lines()
            },
            KeptValue("join of streams") { builder, _ in
                left(builder).join(right(builder), within: near, as: .with(value: .choosy)) { $0 + $1 }.to("out")
            },
            KeptValue("left join of streams") { builder, _ in
                left(builder).leftJoin(right(builder), within: near, as: .with(value: .choosy)) { $0 + ($1 ?? "") }
                    .to("out")
            },
            KeptValue("outer join of streams") { builder, _ in
                right(builder).outerJoin(left(builder), within: near, as: .with(other: .choosy)) {
                    ($0 ?? "") + ($1 ?? "")
                }
                .to("out")
            },
            KeptValue("join of a stream with itself, kept twice", count: 2) { builder, _ in
                let stream = left(builder)
                stream.join(stream, within: near, as: .with(value: .choosy, other: .choosy)) { $0 + $1 }.to("out")
            },
            KeptValue("join that lets records wait") { builder, _ in
                let table = builder.table(
                    "right", key: .string, value: .string, into: .versioned("source", historyRetention: .seconds(60)))
                left(builder).join(table, grace: .seconds(1), value: .choosy) { $0 + $1 }.to("out")
            },
        ]
    }
}

/// A text that cannot be kept.
struct Unserializable: Error {}

extension Serde where Value == String {
    /// Serializes text unless it has `bad` in it, or `half` without `1`.
    fileprivate static let choosy = Serde(
        name: "choosy",
        serialize: { text, buffer in
            if text.contains("bad") || (text.contains("half") && !text.contains("1")) { throw Unserializable() }
            buffer.append(contentsOf: text.utf8)
        },
        deserialize: { bytes in String(decoding: bytes, as: UTF8.self) })
}

extension KTable {
    /// Writes each change as text.
    fileprivate func lines() {
        toStream().map { (record: Record<Key, Value>) -> (String?, String?) in
            (record.key.map { "\($0)" }, record.value.map { "\($0)" })
        }
        .to("out")
    }
}
