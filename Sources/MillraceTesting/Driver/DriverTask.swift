import Millrace
import MillraceEngine

/// One task of a test driver, with everything that is needed to make it again.
struct DriverTask {
    let id: TaskID
    let nodes: [Int]
    /// The task's local stores; for the task of the global tables, the stores that all other tasks read.
    let stores: [StorePlan]
    var partitions: [TopicPartition]
    /// `nil` until it is made.
    var task: StreamTask?

    var isGlobal: Bool { id == .global }

    /// The tasks of a topology, the one of the global tables first.
    ///
    /// If every topic has a single partition, all sub-topologies run in one task and the order of records is that of Kafka's
    /// driver. Otherwise the tasks are those of an instance.
    static func layout(
        of topology: Topology, applicationID: String, partitions: PartitionCounts, topics: DriverTopics
    ) throws -> [DriverTask] {
        let global = topology.subtopologies.filter(\.isGlobal)
        let others = topology.subtopologies.filter { !$0.isGlobal }
        var tasks: [DriverTask] = []
        if !global.isEmpty {
            let inputs = global.flatMap(\.sourceTopics).map { $0.resolved(applicationID: applicationID) }
                .flatMap { topic in (0..<partitions[topic]).map { TopicPartition(topic: topic, partition: $0) } }
            tasks.append(
                DriverTask(
                    id: .global, nodes: global.flatMap(\.nodes), stores: global.flatMap(\.stores), partitions: inputs))
        }
        if partitions.isSingle {
            let inputs = others.flatMap(\.sourceTopics)
                .map { TopicPartition(topic: $0.resolved(applicationID: applicationID), partition: 0) }
            tasks.append(
                DriverTask(
                    id: TaskID(subtopology: 0, partition: 0), nodes: others.flatMap(\.nodes).sorted(),
                    stores: others.flatMap(\.stores), partitions: inputs))
            return tasks
        }
        let counts = (topology.sourceTopics + partitions.byTopic.keys).map { ($0, partitions[$0]) }
        let plan = try TopicPlan(
            topology, applicationID: applicationID, partitionCounts: Dictionary(counts, uniquingKeysWith: { $1 }),
            replicationFactor: 1)
        for topic in plan.internalTopics { topics.add(topic.name, partitionCount: topic.partitions) }
        return tasks
            + plan.tasks.map { id in
                let subtopology = topology.subtopologies[id.subtopology]
                return DriverTask(
                    id: id, nodes: subtopology.nodes, stores: subtopology.stores, partitions: plan.inputs[id] ?? [])
            }
    }
}
