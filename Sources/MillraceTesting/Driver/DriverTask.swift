import Logging
import Millrace
import MillraceEngine

/// One task of a test driver, and what it takes to make it again.
struct DriverTask {
    let id: TaskID
    let nodes: [Int]
    let stores: [StorePlan]
    var partitions: [TopicPartition]
    var task: StreamTask

    /// The tasks that a topology comes to.
    ///
    /// Where every topic has a single partition all sub-topologies run in one task, as in Kafka's driver, and so does the
    /// order of records follow it. Otherwise the tasks are those of an instance.
    static func layout(
        of topology: Topology, applicationID: String, partitions: PartitionCounts, topics: DriverTopics
    ) throws -> [(id: TaskID, nodes: [Int], stores: [StorePlan], partitions: [TopicPartition])] {
        if partitions.isSingle {
            let inputs = topology.subtopologies.flatMap(\.sourceTopics)
                .map { TopicPartition(topic: $0.resolved(applicationID: applicationID), partition: 0) }
            let single = TaskID(subtopology: 0, partition: 0)
            return [(single, Array(topology.nodes.indices), topology.subtopologies.flatMap(\.stores), inputs)]
        }
        let counts = (topology.sourceTopics + partitions.byTopic.keys).map { ($0, partitions[$0]) }
        let plan = try TopicPlan(
            topology, applicationID: applicationID, partitionCounts: Dictionary(counts, uniquingKeysWith: { $1 }),
            replicationFactor: 1)
        for topic in plan.internalTopics { topics.add(topic.name, partitionCount: topic.partitions) }
        return plan.tasks.map { id in
            let subtopology = topology.subtopologies[id.subtopology]
            return (id, subtopology.nodes, subtopology.stores, plan.inputs[id] ?? [])
        }
    }
}
