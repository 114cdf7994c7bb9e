package import Millrace

extension TopologyTestDriver {
    /// Keeps records in their partitions from now on, also those of internal topics, until `step` processes them.
    ///
    /// In a cluster different tasks read the partitions of a topic, in any order. With steps a test chooses the order.
    package func processInSteps() { waiting = waiting ?? WaitingRecords() }

    /// Processes the first record of one of the partitions in which records wait, and commits.
    ///
    /// - Parameter random: chooses the partition.
    /// - Returns: the partition, or `nil` if no record waits.
    /// - Throws: what the operators throw.
    @discardableResult
    package func step(_ random: inout SeededRandom) throws -> TopicPartition? {
        guard let next = waiting?.take(&random) else { return nil }
        guard let reader = next.topic.readers[Int(next.record.partition)] else { return nil }
        give(next.record, to: reader)
        try processAll()
        return TopicPartition(topic: next.topic.name, partition: next.record.partition)
    }
}

/// The records of a test driver's partitions that no task has read yet.
struct WaitingRecords {
    private var partitions: [Partition] = []

    private struct Partition {
        let topic: DriverTopic
        let number: Int32
        var records: [DriverTopic.Written]
    }

    mutating func append(_ record: DriverTopic.Written, of topic: DriverTopic) {
        if let index = partitions.firstIndex(where: { $0.topic === topic && $0.number == record.partition }) {
            partitions[index].records.append(record)
        } else {
            partitions.append(Partition(topic: topic, number: record.partition, records: [record]))
        }
    }

    /// Takes the first record of a partition that is chosen at random.
    mutating func take(_ random: inout SeededRandom) -> (topic: DriverTopic, record: DriverTopic.Written)? {
        guard !partitions.isEmpty else { return nil }
        let index = random.below(partitions.count)
        let topic = partitions[index].topic
        let record = partitions[index].records.removeFirst()
        if partitions[index].records.isEmpty { partitions.remove(at: index) }
        return (topic, record)
    }
}
