import ClusterCore
import Foundation
import Logging
import TestSupport
import Testing

@testable import EmbeddedBroker

/// A seeded run over a cluster with a data directory and the same cluster in memory. Every call is made to both, and both have to
/// give the same answer, also across crashes.
struct DiskRun {
    private struct Producer {
        var identity = ProducerIdentity.none
        var sequences: [TopicPartition: Int32] = [:]
        var isOpen = false
    }

    typealias Action = (_ cluster: Cluster, _ nowMs: Int64) throws -> String

    private let path: String
    private let configuration: EmbeddedBrokerConfiguration
    private var random: SeededNumbers
    private let valueLimit: Int
    private var nowMs: Int64 = 1_000_000
    private var memory: Cluster
    private(set) var disk: Cluster
    private var journal: Journal
    /// The changes that each call made in memory.
    private var units: [[ClusterChange]] = []
    private var producers = [Producer](repeating: Producer(), count: 3)
    /// The number of events of each kind.
    private(set) var crashes = 0
    private(set) var losses = 0

    init(seed: UInt64, path: String) throws {
        self.path = path
        random = SeededNumbers(seed: seed)
        // Segments have a few batches each, or a few blocks.
        let isLarge = seed % 2 == 1
        valueLimit = isLarge ? 20_000 : 500
        var configuration = EmbeddedBrokerConfiguration()
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        configuration.segmentSizeInBytes = isLarge ? 150_000 : 2_000
        configuration.cacheSizeInBytes = isLarge ? 60_000 : 1_500
        configuration.journalSizeInBytes = isLarge ? 500_000 : 10_000
        self.configuration = configuration
        memory = Cluster(configuration: Self.settings(0), nowMs: nowMs)
        (journal, disk) = try Journal.open(
            configuration, path: path, cluster: Self.settings(0), nowMs: nowMs)
        for (name, configs) in Self.topics {
            let partitions: Int32 = name == "t" ? 2 : 1
            try perform { cluster, nowMs in
                let topic = NewTopic(name, partitionCount: partitions, configs: configs)
                return "\(try cluster.createTopic(topic, nowMs: nowMs).partitionCount)"
            }
        }
    }

    private static let topics: [(String, [String: String?])] = [
        ("t", [:]),
        ("c", ["cleanup.policy": "compact", "delete.retention.ms": "20000", "min.cleanable.dirty.ratio": "0.2"]),
        ("r", ["retention.ms": "60000", "retention.bytes": "30000", "segment.bytes": "4000"]),
    ]

    private static func settings(_ life: Int) -> ClusterConfiguration {
        var settings = ClusterConfiguration()
        settings.identifierSeed = UInt64(life)
        settings.logCleanupIntervalMs = 10_000
        settings.logCleanerBackoffMs = 5_000
        return settings
    }

    // MARK: One step

    mutating func step() throws {
        nowMs += Int64(random.below(2_000))
        let before = producers
        let action = nextAction()
        switch random.below(100) {
        case 0..<4: try perform(losingData: true, before, action)
        case 4..<8: try perform(crashing: true, before, action)
        case 8..<12:
            try perform(action)
            try restart()
        default: try perform(action)
        }
        if random.chance(20) { try compare() }
    }

    private mutating func perform(_ action: Action) throws {
        try call(action)
        units.append(memory.takeChanges())
        try journal.append(disk)
    }

    private mutating func call(_ action: Action) throws {
        func outcome(_ cluster: Cluster) -> String {
            do { return try action(cluster, nowMs) } catch { return "\(error)" }
        }
        let expected = outcome(memory)
        #expect(outcome(disk) == expected)
        #expect(disk.takeStorageFailures() == [])
    }

    /// Kills the process before the call's changes are in the journal, or when a part of them is.
    private mutating func perform(crashing: Bool, _ before: [Producer], _ action: Action) throws {
        try call(action)
        let changes = disk.takeChanges()
        if !changes.isEmpty {
            let frame = JournalFrame.encode(changes)
            try appendToJournal(Array(frame.prefix(random.below(frame.count))))
        }
        _ = memory.takeChanges()
        producers = before
        crashes += 1
        try restart()
    }

    /// Cuts the machine's power: the journal has the call's changes, but a segment lacks some of their batches.
    private mutating func perform(losingData: Bool, _ before: [Producer], _ action: Action) throws {
        try call(action)
        let changes = disk.takeChanges()
        units.append(memory.takeChanges())
        guard !changes.isEmpty else { return }
        try appendToJournal(JournalFrame.encode(changes))
        let references = changes.compactMap { change -> BatchReference? in
            if case .batchStored(_, _, let reference) = change { reference } else { nil }
        }
        if let lost = references.randomElement(using: &random) {
            let file = try JournalFile("\(path)/segments/\(lost.segment)")
            if random.chance(50) {
                try file.truncate(to: lost.position + random.below(lost.sizeInBytes))
            } else {
                try file.write([UInt8](repeating: 0, count: 20), at: lost.position + 30)
            }
            units.removeLast()
            producers = before
            losses += 1
        }
        try restart()
    }

    private func appendToJournal(_ bytes: [UInt8]) throws {
        let numbers = try DataDirectory(path).numbers()
        let file = try JournalFile("\(path)/journal-\(numbers.journals.last ?? 1)")
        try file.write(bytes, at: file.sizeInBytes())
    }

    /// Restarts both clusters from the durable data.
    mutating func restart() throws {
        let settings = Self.settings(units.count)
        journal.close()
        (journal, disk) = try Journal.open(configuration, path: path, cluster: settings, nowMs: nowMs)
        memory = try Cluster(configuration: settings, replaying: units.joined(), nowMs: nowMs)
        try compare()
        let state = ClusterChange.encode(disk.snapshot())
        journal.close()
        (journal, disk) = try Journal.open(configuration, path: path, cluster: settings, nowMs: nowMs)
        #expect(ClusterChange.encode(disk.snapshot()) == state)
    }

    func end() { journal.close() }

    // MARK: Calls

    private mutating func partition() -> TopicPartition {
        let name = ["t", "t", "c", "c", "r", "x"][random.below(6)]
        return TopicPartition(name, Int32(name == "t" ? random.below(2) : 0))
    }

    private mutating func batch(_ producer: ProducerIdentity = .none, _ sequence: Int32 = -1, count: Int) -> [UInt8] {
        var writer = RecordBatchWriter(producer: producer, baseSequence: sequence, isTransactional: sequence >= 0)
        for _ in 0..<count {
            let value =
                random.chance(15) ? nil : [UInt8](repeating: UInt8(random.below(256)), count: random.below(valueLimit))
            writer.append(
                key: Array("k\(random.below(12))".utf8), value: value, timestampMs: nowMs - Int64(random.below(5_000)))
        }
        return writer.finish()
    }

    private mutating func nextAction() -> Action {
        let index = random.below(producers.count)
        switch random.below(100) {
        case 0..<35: return producing()
        case 35..<60: return producers[index].identity == .none ? initializing(index) : sending(index)
        case 60..<70: return producers[index].isOpen ? ending(index) : initializing(index)
        case 70..<80:
            return { cluster, nowMs in
                cluster.tick(nowMs: nowMs)
                return ""
            }
        case 80..<84:
            return { cluster, nowMs in
                cluster.cleanLogs(nowMs: nowMs)
                return ""
            }
        case 84..<92: return deleting()
        case 92..<96: return committing()
        default: return creatingOrDeleting()
        }
    }

    private mutating func producing() -> Action {
        let partition = partition()
        let bytes = batch(count: 1 + random.below(3))
        return { cluster, nowMs in "\(try cluster.produce(bytes, to: partition, nowMs: nowMs))" }
    }

    private mutating func initializing(_ index: Int) -> Action {
        // Both clusters give the id the same producer; the run uses the answer of the one in memory.
        producers[index] = Producer()
        let identity = (try? memory.describeTransaction("p\(index)"))?.producer
        let isOpen = (try? memory.describeTransaction("p\(index)"))?.state == .ongoing
        if let identity {
            producers[index].identity = ProducerIdentity(
                producerID: identity.producerID, epoch: identity.epoch + (isOpen ? 2 : 1))
        }
        return { cluster, nowMs in
            let made = try cluster.initProducerID(
                transactionalID: "p\(index)", transactionTimeoutMs: 30_000, nowMs: nowMs)
            return "\(made)"
        }
    }

    private mutating func sending(_ index: Int) -> Action {
        let partition = partition()
        let identity = producers[index].identity
        let sequence = producers[index].sequences[partition, default: 0]
        let count = 1 + random.below(2)
        let bytes = batch(identity, sequence, count: count)
        producers[index].sequences[partition] = sequence + Int32(count)
        producers[index].isOpen = true
        return { cluster, nowMs in
            let added = try cluster.addPartitionsToTransaction(
                "p\(index)", producer: identity, partitions: [partition], nowMs: nowMs)
            let answer = try cluster.produce(bytes, to: partition, transactionalID: "p\(index)", nowMs: nowMs)
            return "\(added) \(answer)"
        }
    }

    private mutating func ending(_ index: Int) -> Action {
        let identity = producers[index].identity
        producers[index].isOpen = false
        let isCommit = random.chance(60)
        return { cluster, nowMs in
            try cluster.endTransaction("p\(index)", producer: identity, commit: isCommit, nowMs: nowMs)
            return ""
        }
    }

    private mutating func deleting() -> Action {
        let partition = partition()
        let share = random.below(101)
        return { cluster, nowMs in
            let offsets = try cluster.offsets(of: partition)
            let span = offsets.highWatermark - offsets.logStartOffset
            let offset = offsets.logStartOffset + span * Int64(share) / 100
            return "\(try cluster.deleteRecords(partition, beforeOffset: offset, nowMs: nowMs))"
        }
    }

    private mutating func committing() -> Action {
        // The topic is one that stays: a snapshot does not count the commits that were deleted with a topic.
        let partition = TopicPartition("t", partition().partition)
        let offset = CommittedOffset(offset: Int64(random.below(1_000)))
        return { cluster, nowMs in
            "\(cluster.commitOffsets(.init(groupID: "g"), offsets: [.init(partition, offset)], nowMs: nowMs))"
        }
    }

    private mutating func creatingOrDeleting() -> Action {
        if random.chance(50) {
            return { cluster, nowMs in "\(try cluster.createTopic(NewTopic("x"), nowMs: nowMs))" }
        }
        return { cluster, nowMs in
            try cluster.deleteTopic("x", nowMs: nowMs)
            return ""
        }
    }

    // MARK: Comparison

    mutating func compare() throws {
        func metadata(_ cluster: Cluster) -> [UInt8] {
            ClusterChange.encode(
                cluster.snapshot().filter { if case .logRestored = $0 { false } else { true } })
        }
        #expect(metadata(disk) == metadata(memory))
        for topic in memory.listTopics() {
            for index in 0..<topic.partitionCount { try compare(TopicPartition(topic.name, index)) }
        }
    }

    private mutating func compare(_ partition: TopicPartition) throws {
        let offsets = try memory.offsets(of: partition)
        #expect(try disk.offsets(of: partition) == offsets)
        #expect(try disk.describeProducers(partition) == memory.describeProducers(partition))
        for isolation in [IsolationLevel.readUncommitted, .readCommitted] {
            let maxBytes = [1, 700, 5_000, 100_000][random.below(4)]
            var offset = Int64.random(in: offsets.logStartOffset...offsets.highWatermark, using: &random)
            if random.chance(30) { offset = offsets.logStartOffset }
            while true {
                let expected = try memory.fetch(partition, from: offset, maxBytes: maxBytes, isolation: isolation)
                let found = try disk.fetch(partition, from: offset, maxBytes: maxBytes, isolation: isolation).loaded()
                try #require(found.batches == expected.batches)
                #expect(found.abortedTransactions == expected.abortedTransactions)
                guard let last = expected.batches.last else { break }
                offset = last.lastOffset + 1
            }
            let time = OffsetSpec.timestamp(nowMs - Int64(random.below(100_000)))
            for spec in [time, .maxTimestamp] {
                #expect(
                    try disk.listOffset(partition, spec, isolation: isolation)
                        == memory.listOffset(partition, spec, isolation: isolation))
            }
        }
    }
}
