/// The operations of a topology as the user wrote them: data that knows nothing of threads, Kafka or RocksDB.
///
/// DSL calls add nodes. Building the topology works on a copy: optimises it, checks it and writes its pieces down in
/// order. The numbering of names follows Kafka Streams' `InternalStreamsBuilder` to the digit, because internal topics are
/// named after it.
package struct Plan: Sendable {
    package private(set) var nodes: [PlanNode] = [PlanNode(id: 0, name: "root", buildPriority: 0)]
    /// The stores that the user added by hand, by name. A processor that is connected to one brings it into the topology.
    package var stateStores: [String: StorePlan] = [:]
    /// The engine of the DSL's stores that do not name one.
    package var defaultSupplier = StoreSupplier.rocksDB
    /// Whose results the operators give where Kafka Streams' are wrong.
    package var compatibility = Compatibility.none
    /// Which stores the user connected to which processors beside those where the processors were added.
    package var connections: [(processor: String, store: StoreConnection)] = []
    private var nameIndex = 0
    private var nextPriority = 1

    package static let root: PlanNode.ID = 0

    package subscript(id: PlanNode.ID) -> PlanNode {
        get { nodes[id] }
        set { nodes[id] = newValue }
    }

    /// Adds an operation behind others.
    package mutating func add(name: String, to parents: [PlanNode.ID], _ configure: (inout PlanNode) -> Void)
        -> PlanNode.ID
    {
        var node = PlanNode(id: nodes.count, name: name, buildPriority: nextPriority)
        configure(&node)
        nodes.append(node)
        attach(node.id, to: parents)
        return node.id
    }

    /// Puts a node behind further parents. It moves back in the order, as Kafka Streams moves it.
    package mutating func attach(_ node: PlanNode.ID, to parents: [PlanNode.ID]) {
        for parent in parents {
            connect(parent, node)
            nodes[node].buildPriority = nextPriority
            nextPriority += 1
        }
    }

    /// Adds an edge, unless it is there.
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

    /// The names of a repartitioning. Three numbers are used up even where the user's name makes them unnecessary.
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

    /// Asks a table for the old values of its changes, up to where they come from.
    ///
    /// - Parameter forced: whether to materialise a table that has no store yet.
    /// - Returns: whether old values will come.
    @discardableResult
    package mutating func enableSendingOldValues(of id: PlanNode.ID, forced: Bool) -> Bool {
        if nodes[id].sendsOldValues { return true }
        switch nodes[id].values {
        case .none: return false
        case .ownStore:
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

    /// The nearest node upward, the node itself included, that satisfies a condition.
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
