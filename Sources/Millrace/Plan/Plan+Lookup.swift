// The way in which processors look up the values of other nodes' tables. Kafka: `KTableImpl.valueGetterSupplier`.

extension Plan {
    /// Requests the stores in which a table's values can be looked up: its own, or those of the upstream tables it is made
    /// of.
    package mutating func materializeForLookup(in id: PlanNode.ID) {
        if self[id].isMaterialized, !self[id].values.isBuffered { return }
        switch self[id].values {
        case .none: break
        case .store: self[id].isMaterialized = true
        case .inherited, .joined, .buffered: for parent in self[id].parents { materializeForLookup(in: parent) }
        }
    }

    /// The stores that a look-up in a table reads, in the order in which Kafka Streams connects them.
    func storeNamesForLookup(in id: PlanNode.ID) -> [String] {
        if let store = self[id].store {
            let below = self[id].values.isBuffered ? self[id].parents.flatMap(storeNamesForLookup) : []
            return [store.name] + below
        }
        if case .none = self[id].values { return [] }
        let names = self[id].parents.map(storeNamesForLookup)
        guard case .joined = self[id].values else { return names.flatMap { $0 } }
        // Each side of the join has the names of both in a hash set, and the result of the join puts the two sets into
        // another one.
        let both = names.joined().reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let side = JavaHashOrder.sorted(both, initialCapacity: names.joined().count)
        return JavaHashOrder.sorted(side, initialCapacity: 2 * side.count)
    }

    /// The sources upstream of an operation, back to the last time that the records went through a topic. Kafka: the
    /// `subTopologySourceNodes` of a stream or table.
    func sources(of id: PlanNode.ID) -> [SourceElement] {
        sourceElement(of: id).map { [$0] } ?? (self[id].parents + self[id].lookups).flatMap(sources)
    }

    /// The sources upstream of a join: of the records that it reads, through an internal topic or from its parents, and of
    /// its look-ups.
    func joinedSources(of id: PlanNode.ID) -> [SourceElement] {
        (sourceElement(of: id).map { [$0] } ?? self[id].parents.flatMap(sources)) + self[id].lookups.flatMap(sources)
    }

    /// An operation's own source, if it has one.
    func sourceElement(of id: PlanNode.ID) -> SourceElement? {
        for case .source(let source) in self[id].elements { return source }
        return nil
    }
}

extension ValuesSource {
    var isBuffered: Bool {
        if case .buffered = self { true } else { false }
    }
}
