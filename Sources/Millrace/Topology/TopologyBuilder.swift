/// Adds a plan's pieces to a topology in order and joins them into sub-topologies. Kafka: `InternalTopologyBuilder`.
struct TopologyBuilder {
    private var nodes: [Topology.Node] = []
    private var indexOfName: [String: Int] = [:]
    private var stores: [String: StorePlan] = [:]
    private var ownerOfStore: [String: Int] = [:]
    private var repartitionTopics: [RepartitionTopic] = []
    private var copartitionGroups = CopartitionGroups()
    private var groups = DisjointSets()
    private var problems: [String] = []

    /// Builds the topology of a plan, or throws one error that lists all problems.
    static func build(_ plan: Plan) throws -> Topology {
        var builder = TopologyBuilder()
        let nodes = plan.inBuildOrder()
        for node in nodes { builder.write(node, of: plan) }
        for node in nodes { builder.connectLookups(of: node, in: plan) }
        builder.connectStores(nodes, of: plan)
        builder.checkTopics()
        if nothingToRead(plan) { builder.problems.append("the topology reads no topic: add a stream or a table") }
        let topology = builder.topology()
        let problems =
            builder.problems + topology.nameProblems(ofStores: plan.stateStores.keys) + topology.problemsOfKeptTimes()
        guard problems.isEmpty else { throw StreamsError(.invalidTopology, problems.joined(separator: "; ")) }
        return topology
    }

    private static func nothingToRead(_ plan: Plan) -> Bool { plan[Plan.root].children.isEmpty }

    private mutating func write(_ node: PlanNode, of plan: Plan) {
        var inputs = node.parents.filter { $0 != Plan.root }.map { plan[$0].name }
        if node.isCopartitioned { copartitionGroups.insert(plan.joinedSources(of: node.id), joinedBy: node.name) }
        for element in node.elements {
            switch element {
            case .repartitionTopic(let topic):
                if !repartitionTopics.contains(where: { $0.name == topic.name }) { repartitionTopics.append(topic) }
            case .source(let source):
                add(source.name, .source(source), after: [], node, problem: source.problem)
                inputs = [source.name]
            case .processor(let processor):
                switch processor.input {
                case .preceding: break
                case .parent(let parent): inputs = [plan[parent].name]
                case .processors(let names): inputs = names
                }
                add(processor.name, .processor(processor), after: inputs, node, problem: processor.problem)
                if let index = indexOfName[processor.name] {
                    nodes[index].hasVersionedInput = plan.hasVersionedInput(processor, of: node)
                }
                if let problem = plan.versionProblem(of: processor, in: node) {
                    problems.append("\(processor.name): \(problem)")
                }
                if let store = processor.store, node.isMaterialized {
                    add(plan.choosingEngine(of: store), of: processor.name)
                }
                inputs = [processor.name]
            case .sink(let sink):
                add(sink.name, .sink(sink), after: inputs, node, problem: sink.problem)
                inputs = []
            }
        }
    }

    private mutating func add(
        _ name: String, _ kind: Topology.Node.Kind, after predecessors: [String], _ node: PlanNode, problem: String?
    ) {
        if let problem { problems.append("\(name): \(problem)") }
        if indexOfName[name] != nil {
            problems.append("\(name): an operator of this name exists already; give one of them another name")
            return
        }
        let index = groups.add()
        let predecessorIndices = predecessors.compactMap { indexOfName[$0] }
        indexOfName[name] = index
        nodes.append(
            Topology.Node(
                name: name, kind: kind, predecessors: predecessorIndices, sendsOldValues: node.sendsOldValues))
        for predecessor in predecessorIndices {
            nodes[predecessor].successors.append(index)
            groups.unite(predecessor, index)
        }
    }

    private mutating func add(_ store: StorePlan, of processor: String) {
        guard let index = indexOfName[processor] else { return }
        if stores[store.name] != nil {
            problems.append("\(processor): a store named \(store.name) exists already; give one of them another name")
            return
        }
        if store.lateTopic != nil, !store.kind.hasExpiry {
            problems.append(
                "\(processor): nothing comes too late for the store \(store.name), which has neither windows nor versions; leave "
                    + "out lateRecords(to:)")
        }
        if store.kind.isVersioned { checkRetention(of: store) }
        checkIndexes(of: store)
        stores[store.name] = store
        nodes[index].writtenStoreName = store.name
        nodes[index].storeNames.append(store.name)
        ownerOfStore[store.name] = index
    }

    private mutating func checkIndexes(of store: StorePlan) {
        if !store.indexes.isEmpty, store.kind.access != .hashed {
            problems.append("\(store.name): only a key-value store without windows and versions can have an index")
        }
        var known = Set(stores.values.flatMap { $0.indexes.map(\.name) })
        for index in store.indexes {
            if let problem = KafkaName.problem(of: index.name) {
                problems.append("\(store.name): the name of an index, \(KafkaName.quoted(index.name)), \(problem)")
            }
            if !known.insert(index.name).inserted {
                problems.append(
                    "\(store.name): an index named \(index.name) exists already; give one of them another name")
            }
        }
    }

    private mutating func checkRetention(of store: StorePlan) {
        guard let retentionMs = store.kind.expiry?.retentionMs, retentionMs < 0 else { return }
        let name = store.kind.isVersioned ? "history" : "retention"
        problems.append("\(store.name): a \(name) of \(retentionMs) ms; it must not be negative")
    }

    /// Connects processors to the stores in which they look up values, and so puts them into one sub-topology with the
    /// owners.
    private mutating func connectLookups(of node: PlanNode, in plan: Plan) {
        for case .processor(let processor) in node.elements {
            guard let index = indexOfName[processor.name] else { continue }
            for name in processor.lookups.flatMap(plan.storeNamesForLookup) {
                guard let owner = ownerOfStore[name] else { continue }
                if !nodes[index].storeNames.contains(name) { nodes[index].storeNames.append(name) }
                groups.unite(owner, index)
            }
        }
    }

    /// Connects processors to the stores that the user named, and makes those given by builders.
    private mutating func connectStores(_ nodes: [PlanNode], of plan: Plan) {
        for node in nodes {
            for case .processor(let processor) in node.elements {
                for store in processor.connectedStores { connect(processor.name, to: store, of: plan) }
            }
        }
        for (processor, store) in plan.connections { connect(processor, to: store, of: plan) }
    }

    private mutating func connect(_ processor: String, to store: StoreConnection, of plan: Plan) {
        guard let index = indexOfName[processor], case .processor = nodes[index].kind else {
            problems.append("\(store.name): there is no processor named \(processor) to connect the store to")
            return
        }
        if let made = store.plan ?? plan.stateStores[store.name], stores[made.name] == nil {
            checkRetention(of: made)
            checkIndexes(of: made)
            stores[made.name] = plan.choosingEngine(of: made)
            ownerOfStore[made.name] = index
        }
        guard let owner = ownerOfStore[store.name] else {
            problems.append(
                "\(processor): there is no store named \(store.name); give the builder instead of the name, or add it with "
                    + "addStateStore")
            return
        }
        if isGlobal(owner) {
            problems.append(
                "\(processor): the store \(store.name) is a global one, which every processor may read; do not name it in "
                    + "stores:")
            return
        }
        if !nodes[index].storeNames.contains(store.name) { nodes[index].storeNames.append(store.name) }
        groups.unite(owner, index)
    }

    /// Whether a processor fills a global store.
    private func isGlobal(_ index: Int) -> Bool {
        nodes[index].predecessors.contains { predecessor in
            if case .source(let source) = nodes[predecessor].kind { source.isGlobal } else { false }
        }
    }

    private mutating func checkTopics() {
        var reader: [TopicName: SourceElement] = [:]
        var readerOfPattern: [TopicPattern: SourceElement] = [:]
        for node in nodes {
            guard case .source(let source) = node.kind else { continue }
            if source.topics.isEmpty, source.pattern == nil {
                problems.append("\(node.name): names no topic to read")
            }
            if let problem = source.offsetReset.problem { problems.append("\(node.name): \(problem)") }
            if let pattern = source.pattern {
                if let problem = pattern.problem { problems.append("\(node.name): \(problem)") }
                if let other = readerOfPattern[pattern] {
                    problems.append(readTwice("what matches \(pattern.text)", source, other))
                }
                readerOfPattern[pattern] = source
            }
            for topic in source.topics {
                if let other = reader[topic] { problems.append(readTwice("topic \(topic.name)", source, other)) }
                reader[topic] = source
            }
        }
    }

    private func readTwice(_ what: String, _ source: SourceElement, _ other: SourceElement) -> String {
        let isSame = Set(source.topics) == Set(other.topics) && source.pattern == other.pattern
        if isSame, source.offsetReset != other.offsetReset {
            return "\(source.name): \(what) is read by \(other.name) with another offset reset policy, "
                + "\(other.offsetReset) instead of \(source.offsetReset); give both the same"
        }
        return "\(source.name): \(what) is read by \(other.name) already; use that stream or table twice, or read each "
            + "topic by a stream of its own and merge them"
    }

    private func topology() -> Topology {
        var members: [(root: Int, nodes: [Int])] = []
        for index in nodes.indices {
            let root = groups.root(of: index)
            if let group = members.firstIndex(where: { $0.root == root }) {
                members[group].nodes.append(index)
            } else {
                members.append((root, [index]))
            }
        }
        let subtopologies = members.enumerated().map { id, member in subtopology(id, member.nodes) }
        return Topology(
            nodes: nodes, subtopologies: subtopologies, repartitionTopics: repartitionTopics,
            copartitionGroups: copartitionGroups.groups)
    }

    private func subtopology(_ id: Int, _ members: [Int]) -> Topology.Subtopology {
        var sources: [TopicName] = []
        var isGlobal = false
        var patterns: [TopicPattern] = []
        var sinks: [TopicName] = []
        var storePlans: [StorePlan] = []
        for index in members {
            switch nodes[index].kind {
            case .source(let source):
                sources += source.topics
                isGlobal = isGlobal || source.isGlobal
                patterns += source.pattern.map { [$0] } ?? []
            case .sink(let sink): sinks += sink.topic.map { [$0] } ?? []
            case .processor: break
            }
            storePlans += nodes[index].storeNames.compactMap { name in
                ownerOfStore[name] == index ? stores[name] : nil
            }
        }
        return Topology.Subtopology(
            id: id, isGlobal: isGlobal, nodes: members, sourceTopics: sources, sourcePatterns: patterns,
            sinkTopics: sinks, stores: storePlans)
    }
}

extension Plan {
    /// Returns a store with the engine that it names, or with the one that the topology's builder has chosen.
    fileprivate func choosingEngine(of store: StorePlan) -> StorePlan {
        var store = store
        store.supplier = store.supplier ?? defaultSupplier
        return store
    }

    /// The nodes in the order of their priorities, each after all its parents. Nodes that the optimiser has removed are not
    /// included.
    fileprivate func inBuildOrder() -> [PlanNode] {
        var written: Set<PlanNode.ID> = [Plan.root]
        var waiting = self[Plan.root].children
        var order: [PlanNode] = []
        while let next = waiting.indices.min(by: { self[waiting[$0]].buildPriority < self[waiting[$1]].buildPriority })
        {
            let node = self[waiting.remove(at: next)]
            if written.contains(node.id) || !node.parents.allSatisfy(written.contains) { continue }
            written.insert(node.id)
            order.append(node)
            waiting += node.children
        }
        return order
    }
}
