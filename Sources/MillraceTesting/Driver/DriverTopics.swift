import Millrace
import MillraceEngine

/// All topics of a test driver, each made when it is first named.
final class DriverTopics {
    private let partitions: PartitionCounts
    private var byName: [String: DriverTopic] = [:]
    private(set) var all: [DriverTopic] = []

    init(partitions: PartitionCounts) {
        self.partitions = partitions
    }

    subscript(name: String) -> DriverTopic {
        if let topic = byName[name] { return topic }
        return add(name, partitionCount: partitions[name])
    }

    /// The topic of this name, if it was made before.
    func existing(_ name: String) -> DriverTopic? { byName[name] }

    @discardableResult
    func add(_ name: String, partitionCount: Int32) -> DriverTopic {
        if let topic = byName[name] { return topic }
        let topic = DriverTopic(name: name, partitionCount: partitionCount)
        byName[name] = topic
        all.append(topic)
        return topic
    }
}
