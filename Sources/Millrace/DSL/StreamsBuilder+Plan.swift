/// The helpers with which the inlinable operators of the DSL add their pieces to the plan.
@usableFromInline
enum PlanBoundary {
    @usableFromInline static var root: Int { Plan.root }
}

/// The part of a node that an operator of the DSL decides on.
@usableFromInline
enum OperatorRole {
    case other
    case streamSource
    case tableSource
    case merge
    case changesKey
    case changesValue
    case process
    case processValues
}

extension StreamsBuilder {
    @usableFromInline
    var compatibility: Compatibility { plan.compatibility }

    /// The next generated name with this prefix, or the user's name, for which a number is used up as well.
    ///
    /// - Parameter suffix: follows the user's name where one operation needs several names.
    @usableFromInline
    func newName(_ prefix: String, unless name: String? = nil, suffix: String = "") -> String {
        let generated = plan.newName(prefix)
        return name.map { $0 + suffix } ?? generated
    }

    @usableFromInline
    func newStoreName(_ prefix: String) -> String { plan.newStoreName(prefix) }

    @usableFromInline
    func add(_ element: PlanElement, named name: String, to parents: [Int], role: OperatorRole = .other) -> Int {
        add([element], named: name, to: parents, role: role, values: .none, isMaterialized: false)
    }

    @usableFromInline
    func add(
        _ elements: [PlanElement], named name: String, to parents: [Int], role: OperatorRole = .other,
        values: ValuesSource, isMaterialized: Bool
    ) -> Int {
        plan.add(name: name, to: parents) { node in
            node.elements = elements
            node.values = values
            node.isMaterialized = isMaterialized
            switch role {
            case .other: break
            case .streamSource: node.role = .streamSource
            case .tableSource: node.role = .tableSource
            case .merge: node.role = .merge
            case .changesKey: node.changesKey = true
            case .changesValue: node.changesValue = true
            case .process: (node.changesKey, node.changesValue, node.isProcessor) = (true, true, true)
            case .processValues: (node.changesValue, node.isProcessor) = (true, true)
            }
        }
    }

    /// Adds a join of two tables, and keeps the tables' values so that the join can look them up.
    @usableFromInline
    func addJoin(_ elements: [ProcessorElement], named name: String, of tables: [Int], isMaterialized: Bool) -> Int {
        for table in tables { plan.materializeForLookup(in: table) }
        let node = add(
            elements.map(PlanElement.processor), named: name, to: tables, values: .joined,
            isMaterialized: isMaterialized)
        plan[node].isCopartitioned = true
        return node
    }

    /// Adds a join of a stream with a table, and keeps the table's values so that the join can look them up.
    ///
    /// - Parameter acceptsNullKeys: whether a record without a key has a result, and so must not be dropped upstream.
    @usableFromInline
    func addJoin(_ element: ProcessorElement, of stream: Int, with table: Int, acceptsNullKeys: Bool) -> Int {
        plan.materializeForLookup(in: table)
        let node = add(.processor(element), named: element.name, to: [stream])
        plan[node].isCopartitioned = true
        plan[node].acceptsNullKeys = acceptsNullKeys
        return node
    }

    /// Adds a repartitioning that the optimiser may merge with others, or attaches the shared one to its parent again.
    @usableFromInline
    func addRepartition<Key, Value>(
        prefix: String, to parent: Int, key: Serde<Key>?, value: Serde<Value>?, shared: SharedRepartition?
    ) -> Int {
        let existing = shared?.node
        let node = addRepartition(prefix: prefix, to: parent, key: key, value: value, reusing: existing)
        if existing != nil { plan.attach(node, to: [parent]) }
        shared?.node = node
        return node
    }

    /// Adds a repartitioning that the optimiser may merge with others. If there is one already, uses up names for it and
    /// returns it.
    @usableFromInline
    func addRepartition<Key, Value>(
        prefix: String, to parent: Int, key: Serde<Key>?, value: Serde<Value>?, reusing existing: Int? = nil
    ) -> Int {
        let topic = prefix.hasSuffix("-repartition") ? prefix : "\(prefix)-repartition"
        let names = plan.newRepartitionNames(topic: topic, prefix: prefix)
        if let existing { return existing }
        let remake: @Sendable (String, RepartitionNames) -> [PlanElement] = { topic, names in
            PlanElement.repartition(topic: topic, names: names, key: key, value: value)
        }
        return plan.add(name: names.source, to: [parent]) { node in
            node.role = .repartition(.init(topic: topic, hasValueSerde: value != nil, remake: remake))
            node.elements = remake(topic, names)
        }
    }
}

/// The repartitioning that several aggregations of one grouping share if the user has named it, or several joins of one
/// stream if the user has not.
@usableFromInline
final class SharedRepartition {
    @usableFromInline var node: Int?
    @usableFromInline init() {}
}

extension PlanElement {
    /// The pieces of a repartitioning: a filter that drops null keys, a sink and a source.
    package static func repartition<Key, Value>(
        topic: String, names: RepartitionNames, key: Serde<Key>?, value: Serde<Value>?, partitions: Int32? = nil,
        partition: StreamPartitioner<Key, Value>? = nil
    ) -> [PlanElement] {
        let problem = missingSerdes(key: key, value: value, remedy: "pass them to groupByKey, groupBy or repartition")
        let (key, value) = (key ?? .missing, value ?? .missing)
        let name = TopicName.internal(topic)
        return [
            .repartitionTopic(RepartitionTopic(name: topic, partitions: partitions)),
            .processor(.dropNullKeys(name: names.filter, Record<Key, Value>.self)),
            .sink(
                .sink(
                    name: names.sink, topic: name, key: key, value: value, problem: problem, partition: partition)),
            .source(
                .source(
                    name: names.source, topics: [name], key: key, value: value, timestamp: .failOnInvalidTimestamp,
                    problem: nil)),
        ]
    }
}

extension Serde {
    /// Stands in for a serde that is reported as missing when the topology is built.
    @usableFromInline
    static var missing: Serde<Value> {
        let error = SerdeError(type: "\(Value.self)", message: "no serde was given")
        return Serde(serialize: { _, _ in throw error }, deserialize: { _ in throw error })
    }
}

/// The message about missing serdes, or `nil` if none is missing.
@usableFromInline
func missingSerdes<Key, Value>(key: Serde<Key>?, value: Serde<Value>?, remedy: String) -> String? {
    let missing = (key == nil ? ["key type \(Key.self)"] : []) + (value == nil ? ["value type \(Value.self)"] : [])
    if missing.isEmpty { return nil }
    return "no serde for \(missing.joined(separator: " and ")); \(remedy), or let the type conform to DefaultSerde"
}

extension Materialized {
    @usableFromInline
    func storePlan(
        orNamed generate: () -> String, key keySerde: Serde<Key>?, value valueSerde: Serde<Value>?
    ) -> StorePlan {
        var plan = StorePlan(
            name: storeName ?? generate(),
            kind: historyRetention.map { .versionedKeyValue(historyMs: $0.wholeMilliseconds) }
                ?? .timestampedKeyValue,
            supplier: supplier,
            isCached: isCached, changelogConfiguration: changelogConfiguration,
            types: StoreTypes(Key.self, Value.self))
        plan.lateTopic = lateTopic
        plan.serdes = StoreSerdes(key ?? keySerde, value ?? valueSerde)
        plan.indexes = indexes.map { $0.plan(value ?? valueSerde ?? .missing) }
        return plan
    }

    /// The message about the serde that writing late records is missing; `nil` if it has one, or if late records are only
    /// dropped.
    @usableFromInline
    func lateProblem<Input>(_ value: Serde<Input>?) -> String? {
        lateTopic == nil || value != nil ? nil : missingLateSerde(Input.self)
    }
}

/// The message about the serde that late records are missing.
@usableFromInline
func missingLateSerde<Value>(_ type: Value.Type) -> String {
    "no serde for value type \(Value.self), which late records are to be written with; pass it to groupByKey or groupBy, or let "
        + "the type conform to DefaultSerde"
}
