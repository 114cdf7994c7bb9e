/// The operations of a topology as the user wrote them: data that does not depend on threads, Kafka or RocksDB.
///
/// DSL calls add nodes. Building the topology works on a copy: it optimises the copy, checks it and adds its pieces to the
/// topology in order. The numbering of names is exactly that of Kafka Streams' `InternalStreamsBuilder`, because internal
/// topics are named after it.
package struct Plan: Sendable {
    package private(set) var nodes: [PlanNode] = [PlanNode(id: 0, name: "root", buildPriority: 0)]
    /// The stores that the user added by hand, by name. A processor that is connected to one brings it into the topology.
    package var stateStores: [String: StorePlan] = [:]
    /// The engine of the DSL's stores that do not name one.
    package var defaultSupplier = StoreSupplier.rocksDB
    /// The results that the operators give where those of Kafka Streams are wrong.
    package var compatibility = Compatibility.none
    /// The connections of stores to processors that the user made in separate calls.
    package var connections: [(processor: String, store: StoreConnection)] = []
    private var nameIndex = 0
    private var nextPriority = 1

    package static let root: PlanNode.ID = 0

    package subscript(id: PlanNode.ID) -> PlanNode {
        get { nodes[id] }
        set { nodes[id] = newValue }
    }

    /// Adds an operation downstream of others.
    package mutating func add(name: String, to parents: [PlanNode.ID], _ configure: (inout PlanNode) -> Void)
        -> PlanNode.ID
    {
        var node = PlanNode(id: nodes.count, name: name, buildPriority: nextPriority)
        configure(&node)
        nodes.append(node)
        attach(node.id, to: parents)
        return node.id
    }

    /// Adds further parents to a node. The node moves back in the order, as in Kafka Streams.
    package mutating func attach(_ node: PlanNode.ID, to parents: [PlanNode.ID]) {
        for parent in parents {
            connect(parent, node)
            nodes[node].buildPriority = nextPriority
            nextPriority += 1
        }
    }

    /// Adds an edge, unless it exists.
    package mutating func connect(_ parent: PlanNode.ID, _ child: PlanNode.ID) {
        if !nodes[parent].children.contains(child) { nodes[parent].children.append(child) }
        if !nodes[child].parents.contains(parent) { nodes[child].parents.append(parent) }
    }

    /// Removes an edge.
    package mutating func disconnect(_ parent: PlanNode.ID, _ child: PlanNode.ID) {
        nodes[parent].children.removeAll { $0 == child }
        nodes[child].parents.removeAll { $0 == parent }
    }

    /// The next generated name with this prefix.
    package mutating func newName(_ prefix: String) -> String {
        defer { nameIndex += 1 }
        let digits = String(nameIndex)
        return prefix + String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    }

    /// The next generated store name for an operation with this prefix.
    package mutating func newStoreName(_ prefix: String) -> String {
        newName(prefix + "STATE-STORE-")
    }

    /// Returns the names of a repartitioning. Three numbers are used up even if the user's name makes them unnecessary.
    package mutating func newRepartitionNames(topic: String, prefix: String) -> RepartitionNames {
        let generated = RepartitionNames(
            sink: newName("KSTREAM-SINK-"), filter: newName("KSTREAM-FILTER-"), source: newName("KSTREAM-SOURCE-"))
        if isGenerated(prefix) { return generated }
        return RepartitionNames(sink: "\(topic)-sink", filter: "\(topic)-filter", source: "\(topic)-source")
    }

    /// Whether a name matches `KSTREAM.*-[0-9]{10}`, Kafka's test for a generated one.
    private func isGenerated(_ name: String) -> Bool {
        let tail = name.utf8.suffix(11)
        return name.hasPrefix("KSTREAM") && tail.count == 11 && tail.first == UInt8(ascii: "-")
            && tail.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// Asks a table, and those it is computed from, for the old values of its changes.
    ///
    /// - Parameter forced: whether to materialise a table that has no store yet.
    /// - Returns: whether the changes will have old values.
    @discardableResult
    package mutating func enableSendingOldValues(of id: PlanNode.ID, forced: Bool) -> Bool {
        if nodes[id].sendsOldValues { return true }
        switch nodes[id].values {
        case .none: return false
        case .store:
            if !nodes[id].isMaterialized {
                guard forced else { return false }
                nodes[id].isMaterialized = true
            }
        case .joined:
            for parent in nodes[id].parents { enableSendingOldValues(of: parent, forced: true) }
        case .inherited where nodes[id].isMaterialized: break
        case .inherited, .buffered:
            for parent in nodes[id].parents where !enableSendingOldValues(of: parent, forced: forced) { return false }
        }
        nodes[id].sendsOldValues = true
        return true
    }

    /// The nearest node upstream, or the node itself, that satisfies a condition.
    ///
    /// With several parents the search follows Kafka's `findParentNodeMatching`: the last parent's branch decides.
    package func nearest(from id: PlanNode.ID, where matches: (PlanNode) -> Bool) -> PlanNode.ID? {
        if matches(nodes[id]) { return id }
        var found: PlanNode.ID?
        for parent in nodes[id].parents {
            if matches(nodes[parent]) { return parent }
            found = nearest(from: parent, where: matches)
        }
        return found
    }
}
