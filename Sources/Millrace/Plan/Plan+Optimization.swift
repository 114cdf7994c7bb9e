/// Which optimisations to apply when a topology is built. None by default, as in Kafka Streams (`topology.optimization`).
public struct TopologyOptimization: OptionSet, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A table's source topic serves as its changelog.
    public static let reuseTableSourceTopics = TopologyOptimization(rawValue: 1 << 0)
    /// Repartitionings behind the same key change share one topic.
    public static let mergeRepartitionTopics = TopologyOptimization(rawValue: 1 << 1)

    /// A stream that is joined with itself is kept once.
    public static let singleStoreSelfJoin = TopologyOptimization(rawValue: 1 << 2)

    /// Merges repartitionings that have `process` or `processValues` between them and their key change too, with
    /// ``mergeRepartitionTopics``. What such a processor does to keys and values is not seen then: where it changes keys, results
    /// are wrong. For an application that is moved over with its topics: Kafka Streams does so up to 4.0, and later where
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
    /// Joins streams of the same topics and applies the optimisations.
    package mutating func optimize(_ optimization: TopologyOptimization) {
        mergeDuplicateSources()
        if optimization.contains(.reuseTableSourceTopics) { reuseTableSourceTopics() }
        if optimization.contains(.mergeRepartitionTopics) {
            mergeRepartitionTopics(acrossProcessors: optimization.contains(.mergeRepartitionTopicsAcrossProcessors))
        }
        if optimization.contains(.singleStoreSelfJoin) { simplifySelfJoins() }
        keepNullKeysForJoins()
    }

    /// Has the joins whose two streams are one keep its records once.
    private mutating func simplifySelfJoins() {
        for node in nodes {
            guard case .streamJoin(let join) = node.role, node.parents.count == 1, let parent = node.parents.first
            else { continue }
            disconnect(parent, join.otherWindow)
            self[node.id].elements = [.processor(join.selfJoin)]
        }
    }

    /// Has the repartitionings before a join that accepts null keys let them pass (KIP-962).
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

    /// Streams of the same topics read them once. Streams whose topics overlap otherwise stay, to be reported.
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

    /// Has one source read for the streams of another one too, if they read the same from the same place.
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

    /// Replaces the repartitionings behind each key change by a single one right behind it.
    private mutating func mergeRepartitionTopics(acrossProcessors: Bool) {
        for (keyChange, repartitions) in repartitionsByKeyChange(acrossProcessors) where !repartitions.isEmpty {
            mergeRepartitions(repartitions, behind: keyChange)
        }
    }

    /// The repartitionings with nothing but key- and value-keeping operations between them and a key change, by key change.
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
        // Behind a merge of several key changes the merge takes their place.
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

    /// Whether a merge stands between a key change and all the repartitionings that it needs.
    private func isMerged(
        _ keyChange: PlanNode.ID, by merge: PlanNode.ID, before repartitions: [PlanNode.ID]
    ) -> Bool {
        repartitions.allSatisfy { nearest(from: $0) { $0.parents.contains(merge) } != nil }
            && nearest(from: merge) { $0.parents.contains(keyChange) } != nil
    }

    private mutating func mergeRepartitions(_ repartitions: [PlanNode.ID], behind keyChange: PlanNode.ID) {
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
        // It has to be written right behind the key change, before what used to follow that.
        self[single].buildPriority = self[keyChange].buildPriority
        for repartition in repartitions {
            let isBehindKeyChange: (PlanNode) -> Bool = { node in
                node.parents.contains(keyChange) || node.parents.contains(single)
            }
            guard let branch = nearest(from: repartition, where: isBehindKeyChange) else { continue }
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
