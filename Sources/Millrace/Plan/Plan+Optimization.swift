/// The optimisations to apply when a topology is built. None by default, as in Kafka Streams (`topology.optimization`).
public struct TopologyOptimization: OptionSet, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A table's source topic serves as its changelog.
    public static let reuseTableSourceTopics = TopologyOptimization(rawValue: 1 << 0)
    /// Repartitionings downstream of the same key change share one topic.
    public static let mergeRepartitionTopics = TopologyOptimization(rawValue: 1 << 1)

    /// A join of a stream with itself keeps the stream's records only once.
    public static let singleStoreSelfJoin = TopologyOptimization(rawValue: 1 << 2)

    /// Also merges repartitionings that have `process` or `processValues` between them and their key change, if
    /// ``mergeRepartitionTopics`` is on. The optimiser does not see what such a processor does to keys and values: if it
    /// changes keys, the results are wrong. This is for an application that is migrated together with its topics: Kafka
    /// Streams does so up to 4.0, and later if `__enable.process.processValue.fix__` is off. Not part of ``all``.
    /// `__enable.process.processValue.fix__` is off. Not part of ``all``.
    public static let mergeRepartitionTopicsAcrossProcessors = TopologyOptimization(rawValue: 1 << 3)

    /// No optimisation. Kafka: `StreamsConfig.NO_OPTIMIZATION`.
    public static let none: TopologyOptimization = []
    /// All optimisations that Kafka Streams makes. Kafka: `StreamsConfig.OPTIMIZE`.
    public static let all: TopologyOptimization = [
        .reuseTableSourceTopics, .mergeRepartitionTopics, .singleStoreSelfJoin,
    ]
}

extension Plan {
    /// Merges streams of the same topics and applies the optimisations.
    package mutating func optimize(_ optimization: TopologyOptimization) {
        mergeDuplicateSources()
        if optimization.contains(.reuseTableSourceTopics) { reuseTableSourceTopics() }
        if optimization.contains(.mergeRepartitionTopics) {
            mergeRepartitionTopics(acrossProcessors: optimization.contains(.mergeRepartitionTopicsAcrossProcessors))
        }
        if optimization.contains(.singleStoreSelfJoin) { simplifySelfJoins() }
        keepNullKeysForJoins()
    }

    /// Makes the joins whose two streams are the same keep its records once.
    private mutating func simplifySelfJoins() {
        for node in nodes {
            guard case .streamJoin(let join) = node.role, node.parents.count == 1, let parent = node.parents.first
            else { continue }
            disconnect(parent, join.otherWindow)
            self[node.id].elements = [.processor(join.selfJoin)]
        }
    }

    /// Makes the repartitionings upstream of a join that accepts null keys pass them on (KIP-962).
    private mutating func keepNullKeysForJoins() {
        var open = nodes.filter(\.acceptsNullKeys).flatMap(\.parents)
        var seen: Set<PlanNode.ID> = []
        while let id = open.popLast() {
            guard seen.insert(id).inserted else { continue }
            open += self[id].parents
            for index in self[id].elements.indices {
                guard case .processor(var processor) = self[id].elements[index],
                    let make = processor.makeKeepingNullKeys
                else { continue }
                processor.make = make
                self[id].elements[index] = .processor(processor)
            }
        }
    }

    /// Makes streams of the same topics read them once. Streams whose topics overlap in another way stay, to be reported.
    private mutating func mergeDuplicateSources() {
        var sourceOfTopic: [TopicName: PlanNode.ID] = [:]
        var sourceOfPattern: [TopicPattern: PlanNode.ID] = [:]
        for id in self[Plan.root].children {
            guard case .streamSource = self[id].role, case .source(let source)? = self[id].elements.first else {
                continue
            }
            if let pattern = source.pattern {
                if let main = sourceOfPattern[pattern] { merge(id, into: main) }
                sourceOfPattern[pattern] = sourceOfPattern[pattern] ?? id
            }
            for topic in source.topics {
                guard let main = sourceOfTopic[topic] else {
                    sourceOfTopic[topic] = id
                    continue
                }
                if main == id { continue }
                merge(id, into: main)
                break
            }
        }
    }

    /// Makes one source serve the streams of another one too, if both read the same topics from the same position.
    private mutating func merge(_ id: PlanNode.ID, into main: PlanNode.ID) {
        guard case .source(let source)? = self[id].elements.first, case .source(let other)? = self[main].elements.first,
            Set(other.topics) == Set(source.topics), other.offsetReset == source.offsetReset
        else { return }
        for child in self[id].children {
            disconnect(id, child)
            connect(main, child)
        }
        disconnect(Plan.root, id)
    }

    private mutating func reuseTableSourceTopics() {
        for node in nodes {
            guard case .tableSource = node.role else { continue }
            for index in node.elements.indices {
                guard case .processor(var processor) = node.elements[index], processor.store != nil,
                    case .source(let source)? = node.elements.first, let topic = source.topics.first
                else { continue }
                processor.store?.sourceTopicAsChangelog = topic.name
                self[node.id].elements[index] = .processor(processor)
            }
        }
    }

    /// Replaces the repartitionings downstream of each key change by a single one right after it.
    private mutating func mergeRepartitionTopics(acrossProcessors: Bool) {
        for (keyChange, repartitions) in repartitionsByKeyChange(acrossProcessors) where !repartitions.isEmpty {
            mergeRepartitions(repartitions, downstreamOf: keyChange)
        }
    }

    /// The repartitionings with only key- and value-keeping operations between them and a key change, by key change.
    private func repartitionsByKeyChange(_ acrossProcessors: Bool) -> [(PlanNode.ID, [PlanNode.ID])] {
        let changesKey = { (node: PlanNode) in node.changesKey && !(acrossProcessors && node.isProcessor) }
        let changesAnything = { (node: PlanNode) in
            (node.changesKey || node.changesValue) && !(acrossProcessors && node.isProcessor)
        }
        var groups: [(keyChange: PlanNode.ID, repartitions: [PlanNode.ID])] =
            nodes.filter(changesKey).sorted { $0.buildPriority < $1.buildPriority }.map { ($0.id, []) }
        for node in nodes.sorted(by: { $0.buildPriority < $1.buildPriority }) {
            guard case .repartition = node.role,
                let keyChange = nearest(from: node.id, where: changesKey),
                keyChange == nearest(from: node.id, where: changesAnything),
                let group = groups.firstIndex(where: { $0.keyChange == keyChange })
            else { continue }
            groups[group].repartitions.append(node.id)
        }
        // Downstream of a merge of several key changes the merge replaces them.
        var replaced: Set<PlanNode.ID> = []
        var merged: [(keyChange: PlanNode.ID, repartitions: [PlanNode.ID])] = []
        for merge in nodes {
            guard case .merge = merge.role else { continue }
            var repartitions: [PlanNode.ID] = []
            for group in groups where isMerged(group.keyChange, by: merge.id, before: group.repartitions) {
                repartitions += group.repartitions.filter { !repartitions.contains($0) }
                replaced.insert(group.keyChange)
            }
            merged.append((merge.id, repartitions))
        }
        return groups.filter { !replaced.contains($0.keyChange) } + merged
    }

    /// Whether a merge is between a key change and all the repartitionings that it needs.
    private func isMerged(
        _ keyChange: PlanNode.ID, by merge: PlanNode.ID, before repartitions: [PlanNode.ID]
    ) -> Bool {
        repartitions.allSatisfy { nearest(from: $0) { $0.parents.contains(merge) } != nil }
            && nearest(from: merge) { $0.parents.contains(keyChange) } != nil
    }

    private mutating func mergeRepartitions(_ repartitions: [PlanNode.ID], downstreamOf keyChange: PlanNode.ID) {
        let plans = repartitions.compactMap { id -> PlanNode.Repartition? in
            guard case .repartition(let plan) = self[id].role else { return nil }
            return plan
        }
        guard let first = plans.first else { return }
        let remake = (plans.first(where: \.hasValueSerde) ?? first).remake
        let names = newRepartitionNames(topic: first.topic, prefix: first.topic)
        let single = add(name: names.source, to: []) { node in
            node.role = .repartition(first)
            node.elements = remake(first.topic, names)
        }
        // It has to be written right after the key change, before the earlier successors of the key change.
        self[single].buildPriority = self[keyChange].buildPriority
        for repartition in repartitions {
            let isDownstream: (PlanNode) -> Bool = { node in
                node.parents.contains(keyChange) || node.parents.contains(single)
            }
            guard let branch = nearest(from: repartition, where: isDownstream) else { continue }
            connect(single, branch)
            disconnect(keyChange, branch)
            let parents = self[repartition].parents
            let children = self[repartition].children
            for child in children {
                disconnect(repartition, child)
                for parent in parents { connect(parent, child) }
            }
            for parent in parents { disconnect(parent, repartition) }
        }
        connect(keyChange, single)
    }
}
