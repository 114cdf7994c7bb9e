import Millrace

extension ScenarioBuilder {
    static let aggregationOperations: [String: Operation] = [
        "count": { scenario, fields in
            if let counted = try scenario.windowedCount(fields) { return try scenario.nameWindowed(counted, fields) }
            let store: Materialized<String, Int64> = try scenario.store(fields)
            let counts: KTable<String, Int64>
            switch try scenario.result("from", of: fields) {
            case .groupedStream(let grouped): counts = grouped.count(into: store)
            case .groupedTable(let grouped): counts = grouped.count(into: store)
            default: throw ScenarioError.malformed("count of something that is not grouped")
            }
            scenario.noteCountStore()
            scenario.name(.table(counts.mapValues { String($0) }), try fields.text("as"))
        },
        "reduce": { scenario, fields in
            let store: Materialized<String, String> = try scenario.store(fields)
            let adder = try Aggregators.adder(fields)
            if let reduced = try scenario.windowedReduce(fields, adder) {
                return try scenario.nameWindowed(reduced, fields)
            }
            let reduced: KTable<String, String>
            switch try scenario.result("from", of: fields) {
            case .groupedStream(let grouped): reduced = grouped.reduce(into: store, adder)
            case .groupedTable(let grouped):
                reduced = grouped.reduce(into: store, adder: adder, subtractor: Aggregators.subtract)
            default: throw ScenarioError.malformed("reduce of something that is not grouped")
            }
            scenario.name(.table(reduced), try fields.text("as"))
        },
        "aggregate": { scenario, fields in
            let store: Materialized<String, String> = try scenario.store(fields)
            let adder = try Aggregators.adder(fields)
            if let aggregated = try scenario.windowedAggregate(fields, adder) {
                return try scenario.nameWindowed(aggregated, fields)
            }
            let aggregated: KTable<String, String>
            switch try scenario.result("from", of: fields) {
            case .groupedStream(let grouped):
                aggregated = grouped.aggregate(into: store, initial: "0") { try adder($2, $1) }
            case .groupedTable(let grouped):
                aggregated = grouped.aggregate(
                    into: store, initial: "0", adder: { try adder($2, $1) },
                    subtractor: { Aggregators.subtract($2, $1) })
            default: throw ScenarioError.malformed("aggregate of something that is not grouped")
            }
            scenario.name(.table(aggregated), try fields.text("as"))
        },
    ]

    /// The Materialized of the result. The recordings pass one even if it has no name.
    func store<Value>(_ fields: Fields) throws -> Materialized<String, Value> {
        var store: Materialized<String, Value> = try fields.store() ?? .with()
        if let retentionMs = try fields.optionalNumber("retentionMs") {
            store = store.retention(.milliseconds(retentionMs))
        }
        return try fields.optionalBool("logging") == false ? store.withoutChangelog() : store
    }
}

/// The functions that reduce and aggregate apply to a scenario's values.
enum Aggregators {
    typealias Function = @Sendable (_ aggregate: String, _ value: String) throws -> String?

    /// Appends the value; returns `nil` if the value contains the text of the field `nullOn`.
    static func adder(_ fields: Fields) throws -> Function {
        guard let text = try fields.optionalText("nullOn") else { return { $0 + "+" + $1 } }
        let deletes = try Functions.predicate("valueContains:\(text)")
        return { aggregate, value in deletes(nil, value) ? nil : aggregate + "+" + value }
    }

    static let subtract: @Sendable (String, String) -> String? = { $0 + "-" + $1 }
}
