import Millrace

/// Builds a scenario's topology with the library's own DSL, one operation after the other.
///
/// The operations are in one file for each group; `operations` lists all of them. An operation reads its fields and names its
/// result. A field that it does not read fails the scenario.
final class ScenarioBuilder {
    typealias Operation = @Sendable (ScenarioBuilder, Fields) throws -> Void

    /// The result of an operation.
    enum Result {
        case stream(KStream<String, String>)
        case table(KTable<String, String>)
        case globalTable(GlobalKTable<String, String>)
        case groupedStream(KGroupedStream<String, String>)
        case groupedTable(KGroupedTable<String, String>)
    }

    static let operations: [String: Operation] = [
        sourceOperations, statelessOperations, groupingOperations, aggregationOperations, tableWindowOperations,
        joinOperations,
        processorOperations, sinkOperations,
    ].reduce(into: [:]) { all, group in all.merge(group) { first, _ in first } }

    let builder: StreamsBuilder
    private var results: [String: Result] = [:]
    /// The stores that hold a count rather than text.
    private(set) var countStores: Set<String> = []
    /// The stores that hold a foreign-key join's subscriptions.
    private(set) var subscriptionStores: Set<String> = []

    init(stores: StoreSupplier) { builder = StreamsBuilder(stores: stores, compatibility: .kafkaStreams) }

    /// Builds the topology of a scenario.
    ///
    /// - Throws: `ScenarioError.unsupported` for an unknown operation or field; the library's errors.
    func build(_ scenario: Scenario) throws -> Topology {
        for value in scenario.operations {
            let name = try Fields(value, of: "operation").text("op")
            let fields = try Fields(value, of: name)
            guard let operation = Self.operations[try fields.text("op")] else { throw ScenarioError.unsupported(name) }
            try operation(self, fields)
            try fields.checkAllRead()
        }
        return try builder.build(optimization: Self.optimization(scenario.configuration))
    }

    private static func optimization(_ configuration: [String: String]) throws -> TopologyOptimization {
        var optimization = TopologyOptimization.none
        for (setting, value) in configuration {
            guard setting == "topology.optimization" else { throw ScenarioError.unsupported("config.\(setting)") }
            for part in value.split(separator: ",") {
                switch part {
                case "none": break
                case "all": optimization.formUnion([.all, .mergeRepartitionTopicsAcrossProcessors])
                case "reuse.ktable.source.topics": optimization.insert(.reuseTableSourceTopics)
                case "merge.repartition.topics":
                    // The recorded release optimises like this.
                    optimization.formUnion([.mergeRepartitionTopics, .mergeRepartitionTopicsAcrossProcessors])
                case "single.store.self.join": optimization.insert(.singleStoreSelfJoin)
                default: throw ScenarioError.unsupported("config.\(setting)=\(part)")
                }
            }
        }
        return optimization
    }

    // MARK: Results

    /// Names an operation's result.
    func name(_ result: Result, _ name: String) { results[name] = result }

    /// The result that a field names.
    func result(_ field: String, of fields: Fields) throws -> Result {
        let name = try fields.text(field)
        guard let result = results[name] else {
            throw ScenarioError.malformed("\(fields.owner): nothing is named \(name)")
        }
        return result
    }

    func stream(_ field: String, of fields: Fields) throws -> KStream<String, String> {
        guard case .stream(let stream) = try result(field, of: fields) else {
            throw ScenarioError.unsupported("\(fields.owner) of something else than a stream")
        }
        return stream
    }

    func table(_ field: String, of fields: Fields) throws -> KTable<String, String> {
        guard case .table(let table) = try result(field, of: fields) else {
            throw ScenarioError.unsupported("\(fields.owner) of something else than a table")
        }
        return table
    }

    /// Notes that the store that the last operation added holds a count.
    func noteCountStore() {
        for element in builder.plan.nodes.last?.elements ?? [] {
            if case .processor(let processor) = element, let store = processor.store { countStores.insert(store.name) }
        }
    }

    /// Notes the store of subscriptions that the last foreign-key join added.
    func noteSubscriptionStore() {
        if let store = builder.plan.nodes.suffix(3).first?.store { subscriptionStores.insert(store.name) }
    }
}

extension Fields {
    /// The store that the field `store` names.
    func store<Value>() throws -> Materialized<String, Value>? {
        try optionalText("store").map { .store($0) }
    }

    /// The user's name for the operation.
    func operationName() throws -> String? { try optionalText("name") }
}
