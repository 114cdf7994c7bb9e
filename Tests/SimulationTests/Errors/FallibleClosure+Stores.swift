import Millrace

/// An operator with a text store, whose serdes can be chosen.
private struct StoringOperator: Sendable {
    typealias Text = Serde<String>

    var name: String
    /// Whether the serde of the store's values can be chosen.
    var hasTextValues = true
    /// Whether the operator reads the store's values, or its keys, when it processes a record.
    var readsValues = true
    var readsKeys = false
    var rest = FallibleClosure.Rest.asWithoutTheRecord
    /// The rest of the results if a value or key cannot be read.
    var restOfReading: FallibleClosure.Rest
    var define: @Sendable (StreamsBuilder, _ key: Text, _ value: Text) throws -> Void

    init(
        _ name: String, hasTextValues: Bool = true, readsValues: Bool = true, readsKeys: Bool = false,
        rest: FallibleClosure.Rest = .asWithoutTheRecord, restOfReading: FallibleClosure.Rest? = nil,
        define: @escaping @Sendable (StreamsBuilder, _ key: Text, _ value: Text) throws -> Void
    ) {
        self.name = name
        self.hasTextValues = hasTextValues
        self.readsValues = readsValues
        self.readsKeys = readsKeys
        self.rest = rest
        self.restOfReading = restOfReading ?? rest
        self.define = define
    }

    /// One closure for each way in which each serde can fail.
    var closures: [FallibleClosure] {
        var rows = [
            FallibleClosure.writing("a key of \(name)", rest: rest) { try define($0, .unwritable, .string) }
        ]
        if readsKeys {
            rows.append(.reading("a key of \(name)", rest: restOfReading) { try define($0, .unreadable, .string) })
        }
        if hasTextValues {
            rows.append(.writing("a value of \(name)", rest: rest) { try define($0, .string, .unwritable) })
        }
        if hasTextValues, readsValues {
            rows.append(.reading("a value of \(name)", rest: restOfReading) { try define($0, .string, .unreadable) })
        }
        return rows
    }

    static var all: [StoringOperator] { aggregations + windows + tables + joins + processors }

    private static func table(_ topic: String, _ builder: StreamsBuilder) -> KTable<String, String> {
        builder.table(topic, key: .string, value: .string)
    }
}

extension KTable where Value == String, Key == String {
    fileprivate func text() { toStream().to("out", key: .string, value: .string) }
}

extension KTable where Key == Windowed<String> {
    fileprivate func text() {
        toStream().map { (record: Record<Windowed<String>, Value>) -> (String?, String?) in
            (record.key?.key, record.value.map { "\($0)" })
        }
        .to("out", key: .string, value: .string)
    }
}

extension KTable where Key == String, Value == Int64 {
    fileprivate func numbers() { toStream().to("out", key: .string, value: .int64) }
}

extension StoringOperator {
    // MARK: Aggregations

    fileprivate static var aggregations: [StoringOperator] {
        [
            StoringOperator("KGroupedStream.count", hasTextValues: false) { builder, key, _ in
                FallibleClosure.left(builder).groupByKey().count(into: .store("kept", key: key).withoutCache())
                    .numbers()
            },
            StoringOperator("KGroupedStream.reduce") { builder, key, value in
                FallibleClosure.left(builder).groupByKey()
                    .reduce(into: .store("kept", key: key, value: value).withoutCache()) { $0 + $1 }.text()
            },
            StoringOperator("KGroupedStream.aggregate") { builder, key, value in
                FallibleClosure.left(builder).groupByKey()
                    .aggregate(into: .store("kept", key: key, value: value).withoutCache(), initial: "") { $2 + $1 }
                    .text()
            },
            StoringOperator("CogroupedKStream.aggregate") { builder, key, value in
                FallibleClosure.left(builder).groupByKey()
                    .cogroup { (_: String, value: String, sum: String) in sum + value }
                    .cogroup(FallibleClosure.right(builder).groupByKey()) { (_: String, value: String, sum: String) in
                        sum + value
                    }
                    .aggregate(into: .store("kept", key: key, value: value).withoutCache(), initial: "").text()
            },
            StoringOperator("KGroupedTable.count", hasTextValues: false, rest: .asWithoutItsResult) { builder, key, _ in
                table("left", builder).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .count(into: .store("kept", key: key).withoutCache()).numbers()
            },
            StoringOperator("KGroupedTable.reduce", rest: .otherwise) { builder, key, value in
                table("left", builder).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .reduce(
                        into: .store("kept", key: key, value: value).withoutCache(), adder: { $0 + $1 },
                        subtractor: { sum, _ in sum }
                    )
                    .text()
            },
            StoringOperator("KGroupedTable.aggregate", rest: .otherwise) { builder, key, value in
                table("left", builder).groupBy { (key, value) -> (String?, String?) in (key, value) }
                    .aggregate(
                        into: .store("kept", key: key, value: value).withoutCache(), initial: "",
                        adder: { _, value, sum in sum + value }, subtractor: { _, _, sum in sum }
                    )
                    .text()
            },
        ]
    }

    // MARK: Windows

    fileprivate static var windows: [StoringOperator] {
        let size = Duration.milliseconds(100)
        let fixed: [(String, @Sendable (KGroupedStream<String, String>) -> TimeWindowedKStream<String, String>)] = [
            ("tumbling", { $0.windowedBy(.tumbling(size)) }),
            ("hopping", { $0.windowedBy(.hopping(size, advance: .milliseconds(50))) }),
            ("sliding", { $0.windowedBy(.sliding(size)) }),
            ("sliding from the beginning of time", { $0.windowedBy(.sliding(.seconds(1_000))) }),
            ("final", { $0.windowedBy(.tumbling(size)).emit(.onWindowClose) }),
        ]
        return fixed.flatMap { (name, windowed) -> [StoringOperator] in
            let rest: FallibleClosure.Rest = name == "final" ? .asWithoutAllButItsTime : .asWithoutTheRecord
            let restOfReading: FallibleClosure.Rest = name == "final" ? .asWithoutEither : rest
            return [
                StoringOperator(
                    "TimeWindowedKStream.count, \(name)", hasTextValues: false, rest: rest, restOfReading: restOfReading
                ) {
                    builder, key, _ in
                    windowed(FallibleClosure.left(builder).groupByKey())
                        .count(into: .store("kept", key: key).withoutCache()).text()
                },
                StoringOperator("TimeWindowedKStream.reduce, \(name)", rest: rest, restOfReading: restOfReading) {
                    builder, key, value in
                    windowed(FallibleClosure.left(builder).groupByKey())
                        .reduce(into: .store("kept", key: key, value: value).withoutCache()) { $0 + $1 }.text()
                },
                StoringOperator("TimeWindowedKStream.aggregate, \(name)", rest: rest, restOfReading: restOfReading) {
                    builder, key, value in
                    windowed(FallibleClosure.left(builder).groupByKey())
                        .aggregate(into: .store("kept", key: key, value: value).withoutCache(), initial: "") {
                            (_: String, value: String, sum: String) in sum + value
                        }
                        .text()
                },
            ]
        } + sessions
    }

    private static var sessions: [StoringOperator] {
        [
            StoringOperator("SessionWindowedKStream.count", hasTextValues: false) { builder, key, _ in
                FallibleClosure.left(builder).groupByKey().windowedBy(.session(gap: .milliseconds(100)))
                    .count(into: .store("kept", key: key).withoutCache()).text()
            },
            StoringOperator("SessionWindowedKStream.reduce") { builder, key, value in
                FallibleClosure.left(builder).groupByKey().windowedBy(.session(gap: .milliseconds(100)))
                    .reduce(into: .store("kept", key: key, value: value).withoutCache()) { $0 + $1 }.text()
            },
            StoringOperator("SessionWindowedKStream.aggregate") { builder, key, value in
                FallibleClosure.left(builder).groupByKey().windowedBy(.session(gap: .milliseconds(100)))
                    .aggregate(into: .store("kept", key: key, value: value).withoutCache(), initial: "") {
                        (_: String, value: String, sum: String) in
                        sum + value
                    } merge: {
                        $1 + $2
                    }
                    .text()
            },
            StoringOperator("TimeWindowedCogroupedKStream.aggregate") { builder, key, value in
                FallibleClosure.left(builder).groupByKey()
                    .cogroup { (_: String, value: String, sum: String) in sum + value }
                    .windowedBy(.tumbling(.milliseconds(100)))
                    .aggregate(into: .store("kept", key: key, value: value).withoutCache(), initial: "").text()
            },
            StoringOperator("SessionWindowedCogroupedKStream.aggregate") { builder, key, value in
                FallibleClosure.left(builder).groupByKey()
                    .cogroup { (_: String, value: String, sum: String) in sum + value }
                    .windowedBy(.session(gap: .milliseconds(100)))
                    .aggregate(
                        into: .store("kept", key: key, value: value).withoutCache(), initial: "", merge: { $1 + $2 }
                    )
                    .text()
            },
        ]
    }

    // MARK: Tables

    fileprivate static var tables: [StoringOperator] {
        [
            StoringOperator("StreamsBuilder.table", readsKeys: true) { builder, key, value in
                builder.table("left", key: .string, value: .string, into: .store("kept", key: key, value: value)).text()
            },
            StoringOperator("KStream.toTable", readsKeys: true) { builder, key, value in
                FallibleClosure.left(builder).toTable(into: .store("kept", key: key, value: value)).text()
            },
            StoringOperator("KStream.toTable of versions", readsValues: false) { builder, key, value in
                FallibleClosure.left(builder)
                    .toTable(into: .versioned("kept", historyRetention: .seconds(10), key: key, value: value)).text()
            },
            StoringOperator("KTable.filter", readsKeys: true) { builder, key, value in
                table("left", builder).filter(into: .store("kept", key: key, value: value)) { _, _ in true }.text()
            },
            StoringOperator("KTable.filterNot", readsKeys: true) { builder, key, value in
                table("left", builder).filterNot(into: .store("kept", key: key, value: value)) { _, _ in false }.text()
            },
            StoringOperator("KTable.mapValues", readsKeys: true) { builder, key, value in
                table("left", builder).mapValues(into: .store("kept", key: key, value: value)) {
                    (value: String) -> String? in value
                }
                .text()
            },
            StoringOperator("KTable.transformValues", readsKeys: true) { builder, key, value in
                table("left", builder).transformValues(into: .store("kept", key: key, value: value)) { _ in
                    { (_: String, value: String?) -> String? in value }
                }
                .text()
            },
            StoringOperator("KTable.suppress", readsKeys: true, restOfReading: .asWithoutEither) {
                builder, key, value in
                table("left", builder)
                    .mapValues(into: .with(key: key, value: value)) { (value: String) -> String? in value }
                    .suppress(.untilTimeLimit(.milliseconds(5))).text()
            },
        ]
    }

    // MARK: Joins

    fileprivate static var joins: [StoringOperator] {
        let near = JoinWindows.difference(.milliseconds(100))
        return [
            StoringOperator("KTable.join(KTable)", readsKeys: true, rest: .asWithoutItsResult) { builder, key, value in
                table("left", builder).join(
                    table("right", builder), into: .store("kept", key: key, value: value)
                ) { $0 + $1 }.text()
            },
            StoringOperator("KTable.leftJoin(KTable)", readsKeys: true, rest: .asWithoutItsResult) {
                builder, key, value in
                table("left", builder).leftJoin(
                    table("right", builder), into: .store("kept", key: key, value: value)
                ) { $0 + ($1 ?? "") }.text()
            },
            StoringOperator("KTable.outerJoin(KTable)", readsKeys: true, rest: .asWithoutItsResult) {
                builder, key, value in
                table("left", builder).outerJoin(
                    table("right", builder), into: .store("kept", key: key, value: value)
                ) { ($0 ?? "") + ($1 ?? "") }.text()
            },
            StoringOperator("KTable.join(KTable, on)", readsKeys: true, rest: .asWithoutItsResult) {
                builder, key, value in
                table("left", builder).join(
                    table("right", builder), into: .store("kept", key: key, value: value),
                    on: { (key: String, _: String) -> String? in key }, joiner: { $0 + $1 }
                )
                .text()
            },
            StoringOperator("KTable.leftJoin(KTable, on)", readsKeys: true, rest: .asWithoutItsResult) {
                builder, key, value in
                table("left", builder).leftJoin(
                    table("right", builder), into: .store("kept", key: key, value: value),
                    on: { (key: String, _: String) -> String? in key }, joiner: { $0 + ($1 ?? "") }
                )
                .text()
            },
            StoringOperator("KStream.join(KStream)", restOfReading: .asWithoutItsResult) { builder, key, value in
                FallibleClosure.left(builder).join(
                    FallibleClosure.right(builder), within: near, as: .with(key: key, value: value, other: value)
                ) { $0 + $1 }.to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.leftJoin(KStream)", readsKeys: true, restOfReading: .otherwise) {
                builder, key, value in
                FallibleClosure.left(builder).leftJoin(
                    FallibleClosure.right(builder), within: near, as: .with(key: key, value: value, other: value)
                ) { $0 + ($1 ?? "") }.to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.outerJoin(KStream)", readsKeys: true, restOfReading: .otherwise) {
                builder, key, value in
                FallibleClosure.left(builder).outerJoin(
                    FallibleClosure.right(builder), within: near, as: .with(key: key, value: value, other: value)
                ) { ($0 ?? "") + ($1 ?? "") }.to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.join(KTable)") { builder, key, value in
                let table = builder.table(
                    "left", key: .string, value: .string, into: .store("kept", key: key, value: value).withoutCache())
                FallibleClosure.right(builder).join(table) { $0 + $1 }.to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.leftJoin(KTable) with grace") { builder, key, value in
                let table = builder.table(
                    "left", key: .string, value: .string, into: .versioned("table", historyRetention: .seconds(10)))
                FallibleClosure.right(builder).leftJoin(table, grace: .milliseconds(5), key: key, value: value) {
                    $0 + ($1 ?? "")
                }
                .to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.join(GlobalKTable, on)") { builder, key, value in
                let table = builder.globalTable(
                    "left", key: .string, value: .string, into: .store("kept", key: key, value: value))
                FallibleClosure.right(builder).join(table, on: { key, _ in key }) { $0 + $1 }
                    .to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.leftJoin(GlobalKTable, on)") { builder, key, value in
                let table = builder.globalTable(
                    "left", key: .string, value: .string, into: .store("kept", key: key, value: value))
                FallibleClosure.right(builder).leftJoin(table, on: { key, _ in key }) { $0 + ($1 ?? "") }
                    .to("out", key: .string, value: .string)
            },
        ]
    }

    // MARK: Processors

    fileprivate static var processors: [StoringOperator] {
        [
            StoringOperator("StreamsBuilder.addStateStore") { builder, key, value in
                let store = Stores.keyValue("kept", key: key, value: value)
                let sums = builder.addProcessor("sums", after: FallibleClosure.left(builder)) {
                    (context: ProcessorContext<String, String>) in
                    let store = try context.store(store)
                    return { record in
                        guard let key = record.key else { return }
                        let sum = try (store.get(key) ?? "") + (record.value ?? "")
                        try store.put(key, sum)
                        try context.forward(record.with(value: sum))
                    }
                }
                builder.addStateStore(store, connectedTo: "sums")
                sums.to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.process, of windows") { builder, key, value in
                let store = Stores.window("kept", key: key, value: value, retention: .seconds(10))
                FallibleClosure.left(builder).process(stores: [store]) {
                    (context: ProcessorContext<String, String>) in
                    let store = try context.store(store)
                    return { record in
                        guard let key = record.key else { return }
                        let sum = try (store.fetch(key, startMs: 1_000) ?? "") + (record.value ?? "")
                        try store.put(key, sum, startMs: 1_000, timestampMs: record.timestampMs)
                        try context.forward(record.with(value: sum))
                    }
                }
                .to("out", key: .string, value: .string)
            },
            StoringOperator("KStream.processValues, of timestamped values") { builder, key, value in
                let store = Stores.timestampedKeyValue("kept", key: key, value: value)
                FallibleClosure.left(builder).processValues(stores: [store]) {
                    (context: FixedKeyProcessorContext<String, String>) in
                    let store = try context.store(store)
                    return { record in
                        guard let key = record.key else { return }
                        let sum = try (store.get(key)?.value ?? "") + (record.value ?? "")
                        try store.put(key, sum, timestampMs: record.timestampMs)
                        try context.forward(record.with(value: sum))
                    }
                }
                .to("out", key: .string, value: .string)
            },
            StoringOperator("StreamsBuilder.addReadOnlyStateStore", readsValues: false) { builder, key, value in
                builder.addReadOnlyStateStore(
                    Stores.keyValue("kept", key: .string, value: .string), topic: "left", key: key, value: value,
                    named: "reader")
                FallibleClosure.right(builder).to("out", key: .string, value: .string)
            },
        ]
    }
}

extension FallibleClosure {
    /// The store serdes of each operator that has a store.
    static let stores = StoringOperator.all.flatMap(\.closures)
}
