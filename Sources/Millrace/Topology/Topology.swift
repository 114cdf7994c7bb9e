/// The result of a set of operations: sources, processors and sinks, joined into sub-topologies, with their stores.
///
/// Immutable. `StreamsBuilder.build()` makes it; the test driver, the simulation and the runtime run it.
public struct Topology: Sendable {
    /// A source, processor or sink.
    package struct Node: Sendable {
        package enum Kind: Sendable {
            case source(SourceElement)
            case processor(ProcessorElement)
            case sink(SinkElement)
        }

        package var name: String
        package var kind: Kind
        package var predecessors: [Int]
        package var successors: [Int] = []
        /// The store that the node has added.
        package var writtenStoreName: String?
        /// All stores that the node is connected to.
        package var storeNames: [String] = []
        package var sendsOldValues: Bool
        /// Whether the incoming records are changes of a versioned table.
        package var hasVersionedInput = false
    }

    /// The nodes that are connected with each other, and so run in one task.
    package struct Subtopology: Sendable {
        package let id: Int
        /// Whether it is a global table's: every instance runs it for all partitions, and no task is made for it.
        package let isGlobal: Bool
        /// Indices into the topology's nodes, in the order in which they were written.
        package let nodes: [Int]
        /// The topics that the sub-topology reads.
        package let sourceTopics: [TopicName]
        /// The patterns of further topics that it reads.
        package let sourcePatterns: [TopicPattern]
        /// The topics to which it writes.
        package let sinkTopics: [TopicName]
        package let stores: [StorePlan]
    }

    package let nodes: [Node]
    package let subtopologies: [Subtopology]
    package let repartitionTopics: [RepartitionTopic]
    /// The groups of topics that need the same number of partitions. A topic is in at most one group.
    package let copartitionGroups: [CopartitionGroup]

    /// All of the user's source topics that must exist before an instance starts.
    public var sourceTopics: [String] {
        subtopologies.flatMap(\.sourceTopics).compactMap { topic in
            if case .external(let name) = topic { name } else { nil }
        }
    }

    /// Whether some of the topics that are read are known only while an instance runs.
    package var hasSourcePatterns: Bool { subtopologies.contains { !$0.sourcePatterns.isEmpty } }

    /// Returns the description exactly as Kafka Streams' `Topology.describe()` prints it.
    public func describe() -> String { TopologyDescription(self).text }
}
