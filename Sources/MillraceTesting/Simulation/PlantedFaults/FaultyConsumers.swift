import Millrace
import MillraceEngine

/// Does not read the last records of a partition.
final class TailLosingReader: ReaderDecorator {
    private var partitions: [Int: TopicPartition] = [:]

    override func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        try super.assign(assignments)
        partitions = Dictionary(assignments.map { ($0.slot, $0.partition) }, uniquingKeysWith: { $1 })
    }

    override func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        var result = try super.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        result.runs = result.runs.map { run in
            guard let end = partitions[run.slot].flatMap(knownEndOffset) else { return run }
            return run.split(at: end - 3).before
        }
        return result
    }
}

/// The changelogs of the standbys that an instance has had.
final class StandbyPartitions {
    var partitions: Set<TopicPartition> = []
}

/// Reads changelogs for standbys, and notes their partitions.
final class RecordingReader: ReaderDecorator {
    private let standbys: StandbyPartitions

    init(_ reader: any ReaderPort, _ standbys: StandbyPartitions) {
        self.standbys = standbys
        super.init(reader)
    }

    override func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        try super.assign(assignments)
        standbys.partitions.formUnion(assignments.map(\.partition))
    }
}

/// Restores stores except those that a standby has copied, which it takes for complete.
final class OtherwiseRestoringReader: ReaderDecorator {
    private let standbys: StandbyPartitions
    private var ends: [ReaderEvent] = []

    init(_ reader: any ReaderPort, _ standbys: StandbyPartitions) {
        self.standbys = standbys
        super.init(reader)
    }

    override func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        let complete = assignments.filter { standbys.partitions.contains($0.partition) }
        try super.assign(assignments.filter { !standbys.partitions.contains($0.partition) })
        ends = complete.map { .endOfPartition(slot: $0.slot, offset: .max) }
    }

    override func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        var result = try super.poll(maxRecords: maxRecords, timeoutMs: timeoutMs)
        result.events += ends
        ends = []
        return result
    }
}

/// Reports everything in other members' partitions as committed. Only a standby asks with a time-out.
final class AheadOfCommitsConsumer: ConsumerDecorator {
    override func committed(
        _ partitions: [TopicPartition], withinMs timeoutMs: Int?
    ) throws(PortError) -> [TopicPartition: CommittedOffset] {
        var committed = try super.committed(partitions, withinMs: timeoutMs)
        if timeoutMs != nil {
            for partition in committed.keys { committed[partition]?.offset = .max }
        }
        return committed
    }
}

/// Leaves out the times that operators have committed beside an offset.
final class TimelessConsumer: ConsumerDecorator {
    override func committed(
        _ partitions: [TopicPartition], withinMs timeoutMs: Int?
    ) throws(PortError) -> [TopicPartition: CommittedOffset] {
        var committed = try super.committed(partitions, withinMs: timeoutMs)
        for (partition, offset) in committed {
            guard let metadata = OffsetMetadata.decode(offset.metadata) else { continue }
            committed[partition]?.metadata = OffsetMetadata(partitionTimeMs: metadata.partitionTimeMs).encoded()
        }
        return committed
    }
}

/// Notes the topics that it is to read.
final class SubscriptionRecordingConsumer: ConsumerDecorator {
    private(set) var topics: [String] = []

    override func subscribe(to topics: [String]) throws(PortError) {
        try super.subscribe(to: topics)
        self.topics = topics
    }
}
