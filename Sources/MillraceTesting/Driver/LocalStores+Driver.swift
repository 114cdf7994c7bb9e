import Millrace
import MillraceEngine

extension LocalStores {
    /// Notes the tasks of a test driver, one of which may run all sub-topologies.
    func begin(_ tasks: [DriverTask], of topology: Topology) {
        var inputs: [TaskID: [TopicPartition]] = [:]
        let local = tasks.filter { !$0.isGlobal }
        for task in local {
            let subtopologies = local.count == 1 ? topology.subtopologies.map(\.id) : [task.id.subtopology]
            for subtopology in subtopologies {
                inputs[TaskID(subtopology: subtopology, partition: task.id.partition)] = task.partitions
            }
        }
        begin(inputs)
        setPlacement(TaskPlacement())
    }
}
