/// A topology as a graph, for those who draw it or look something up in it. ``Topology/describe()`` has the same as text.
///
/// ```swift
/// for subtopology in topology.graph.subtopologies {
///     for node in subtopology.nodes { print(subtopology.id, node.name, node.successors) }
/// }
/// ```
public struct TopologyGraph: Sendable, Hashable {
    /// The nodes that one task runs.
    public struct Subtopology: Sendable, Hashable, Identifiable {
        /// The number of the sub-topology, which is the first part of its tasks' ids.
        public var id: Int
        /// Whether it fills a global table: every instance runs it, and it has no tasks.
        public var isGlobal: Bool
        /// The nodes, each after those that it was added after.
        public var nodes: [Node]
    }

    /// A source, processor or sink.
    public struct Node: Sendable, Hashable, Identifiable {
        /// The node's name, which is unique in the topology.
        public var id: String { name }
        /// The node's name, as in ``Topology/describe()``.
        public var name: String
        /// The kind of the node, with the topics or stores that it uses.
        public var kind: Kind
        /// The names of the nodes that get its records.
        public var successors: [String]
    }

    /// The kind of a node.
    public enum Kind: Sendable, Hashable {
        /// It reads topics, or all whose names match a pattern.
        case source(topics: [Topic], pattern: String?)
        /// It processes records, with the stores of these names.
        case processor(stores: [String])
        /// It writes to a topic.
        case sink(topic: Topic)
        /// It writes each record to a topic that is chosen for it; the text describes the choice.
        case choosingSink(by: String)
    }

    /// A topic.
    public struct Topic: Sendable, Hashable {
        /// The topic's name; that of an internal topic lacks the application's id and a hyphen in front.
        public var name: String
        /// Whether the topic belongs to the application.
        public var isInternal: Bool
    }

    /// The sub-topologies, in the order of their numbers.
    public var subtopologies: [Subtopology]
}

extension Topology {
    /// The topology as a graph.
    public var graph: TopologyGraph {
        TopologyGraph(
            subtopologies: subtopologies.map { subtopology in
                TopologyGraph.Subtopology(
                    id: subtopology.id, isGlobal: subtopology.isGlobal,
                    nodes: subtopology.nodes.map { index in
                        let node = nodes[index]
                        return TopologyGraph.Node(
                            name: node.name, kind: TopologyGraph.Kind(node),
                            successors: node.successors.map { nodes[$0].name })
                    })
            })
    }

    /// The same topology, in which every store of a task has a changelog of its own: all changes can be seen there.
    package func loggingEveryStore() -> Topology {
        let logging = subtopologies.map { subtopology in
            guard !subtopology.isGlobal else { return subtopology }
            return Subtopology(
                id: subtopology.id, isGlobal: false, nodes: subtopology.nodes, sourceTopics: subtopology.sourceTopics,
                sourcePatterns: subtopology.sourcePatterns, sinkTopics: subtopology.sinkTopics,
                stores: subtopology.stores.map { store in
                    var store = store
                    store.sourceTopicAsChangelog = nil
                    store.changelogConfiguration = store.changelogConfiguration ?? [:]
                    return store
                })
        }
        return Topology(
            nodes: nodes, subtopologies: logging, repartitionTopics: repartitionTopics,
            copartitionGroups: copartitionGroups)
    }
}

extension TopologyGraph.Kind {
    fileprivate init(_ node: Topology.Node) {
        switch node.kind {
        case .source(let source):
            self = .source(topics: source.topics.map(TopologyGraph.Topic.init), pattern: source.pattern?.text)
        case .processor: self = .processor(stores: node.storeNames)
        case .sink(let sink):
            switch sink.target {
            case .topic(let topic): self = .sink(topic: TopologyGraph.Topic(topic))
            case .chosen(let choice): self = .choosingSink(by: choice)
            }
        }
    }
}

extension TopologyGraph.Topic {
    init(_ topic: TopicName) {
        name = topic.name
        isInternal = if case .internal = topic { true } else { false }
    }
}
