import ClusterCore
import Millrace
import MillraceEngine

/// A consumer that behaves as the client library's: it reads the partitions that it is told to read, and follows its group.
final class SimulatedConsumer: GroupConsumer {
    let world: SimulatedWorld
    let process: SimulatedProcess
    let settings: Settings
    var membership: SimulatedMembership?
    private var reading: [ClusterCore.TopicPartition: Reading] = [:]
    private var turn = 0
    private var membershipEvents: [MembershipEvent] = []

    struct Settings {
        var groupID: String
        var clientID: String
        var instanceID: String?
        var readsCommitted: Bool
        /// Whether a consumer of committed data waits for offsets that an open transaction is about to commit.
        var awaitsPendingOffsets = true
    }

    private struct Reading {
        var slot: Int
        var offset: Int64
        var isPaused = false
        /// The end offset that was announced last; a new end is announced again.
        var announcedEnd: Int64?
    }

    init(world: SimulatedWorld, process: SimulatedProcess, settings: Settings) {
        self.world = world
        self.process = process
        self.settings = settings
    }

    func subscribe(to topics: [String]) throws(PortError) {
        let membership = membership ?? SimulatedMembership(self)
        self.membership = membership
        membership.subscribe(to: topics)
    }

    func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        try world.interrupt(process, at: "a poll")
        var result = PollResult()
        if let membership { membershipEvents += try membership.advance() }
        let partitions = reading.keys.sorted()
        var count = 0
        for index in partitions.indices where count < maxRecords {
            let partition = partitions[(index + turn) % partitions.count]
            try fetch(partition, into: &result)
            count = result.runs.reduce(0) { $0 + $1.count }
        }
        turn += 1
        if result.runs.isEmpty, result.events.isEmpty, membershipEvents.isEmpty {
            world.clock.advance(by: Int64(1 + world.random.below(max(1, timeoutMs))))
        }
        return result
    }

    /// Whether everything that its partitions hold has been read.
    var isAtEnd: Bool {
        reading.allSatisfy { partition, progress in
            (try? world.cluster.offsets(of: partition)).map { progress.offset >= $0.highWatermark } ?? false
        }
    }

    private func fetch(_ partition: ClusterCore.TopicPartition, into result: inout PollResult) throws(PortError) {
        guard let progress = reading[partition], !progress.isPaused else { return }
        let answer: FetchAnswer
        do {
            answer = try world.cluster.fetch(
                partition, from: progress.offset, maxBytes: 4_096,
                isolation: settings.readsCommitted ? .readCommitted : .readUncommitted)
        } catch {
            if error.code == .unknownTopicOrPartition {
                result.events.append(.topicUnavailable("fetch \(partition): \(error)"))
                return
            }
            guard error.code == .offsetOutOfRange else {
                throw PortError(error, in: .read, during: "fetch \(partition)")
            }
            result.events.append(.offsetOutOfRange(slot: progress.slot))
            reading[partition] = nil
            return
        }
        var offset = progress.offset
        let end = settings.readsCommitted ? answer.lastStableOffset : answer.highWatermark
        var builder = RecordRunBuilder(capacity: 0)
        let memory = RecordMemory()
        for record in CommittedRecords(answer, from: progress.offset) {
            let bytes = RecordBytes.copy(key: record.key.map(Array.init), value: record.value.map(Array.init))
            memory.bytes.append(bytes)
            builder.append(
                FetchedRecord(
                    offset: record.offset, timestampMs: record.timestampMs,
                    headers: Headers(record.headers.map { Header(name: $0.key, value: $0.value) }), key: bytes.key,
                    value: bytes.value), slot: progress.slot)
        }
        result.runs += builder.runs(ownedBy: memory)
        if let last = answer.batches.last { offset = max(offset, last.lastOffset + 1) }
        if offset > progress.offset {
            world.log("\(process.name): read \(partition) from \(progress.offset) to \(offset) of \(end)")
        }
        reading[partition]?.offset = offset
        if offset >= end, progress.announcedEnd != offset {
            reading[partition]?.announcedEnd = offset
            result.events.append(.endOfPartition(slot: progress.slot, offset: offset))
        }
    }

    func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        try world.interrupt(process, at: "an assignment")
        reading = [:]
        for assignment in assignments {
            let partition = ClusterCore.TopicPartition(assignment.partition)
            let start = assignment.offset ?? (try? world.cluster.offsets(of: partition).logStartOffset) ?? 0
            reading[partition] = Reading(slot: assignment.slot, offset: start)
        }
        membership?.assigned(nothing: assignments.isEmpty)
    }

    func pause(_ partitions: [Millrace.TopicPartition]) throws(PortError) { setPaused(partitions, true) }

    func resume(_ partitions: [Millrace.TopicPartition]) throws(PortError) { setPaused(partitions, false) }

    private func setPaused(_ partitions: [Millrace.TopicPartition], _ isPaused: Bool) {
        for partition in partitions {
            reading[ClusterCore.TopicPartition(partition)]?.isPaused = isPaused
            // librdkafka begins to fetch anew, and announces the end again.
            reading[ClusterCore.TopicPartition(partition)]?.announcedEnd = nil
        }
    }

    func listOffsets(_ specs: [Millrace.TopicPartition: MillraceEngine.OffsetSpec]) throws(PortError)
        -> [Millrace.TopicPartition: Int64]
    {
        let isolation: IsolationLevel = settings.readsCommitted ? .readCommitted : .readUncommitted
        return try world.request("list offsets", for: .read, by: process) { () throws(KafkaError) in
            var offsets: [Millrace.TopicPartition: Int64] = [:]
            for (partition, spec) in specs {
                let listed = ClusterCore.TopicPartition(partition)
                if spec == .earliest {
                    offsets[partition] = try world.cluster.listOffset(listed, .earliest, isolation: isolation).offset
                    continue
                }
                let end = try world.cluster.listOffset(listed, .latest, isolation: isolation).offset
                offsets[partition] = end
                guard case .timestamp(let ms) = spec else { continue }
                let found = try world.cluster.listOffset(listed, .timestamp(ms), isolation: isolation).offset
                offsets[partition] = found < 0 ? end : found
            }
            return offsets
        }
    }

    func committed(
        _ partitions: [Millrace.TopicPartition], withinMs: Int?
    ) throws(PortError) -> [Millrace.TopicPartition: MillraceEngine.CommittedOffset] {
        let wanted = partitions.map { ClusterCore.TopicPartition($0) }
        let requireStable = settings.readsCommitted && settings.awaitsPendingOffsets
        let fetched = try world.request("fetch offsets", for: .read, by: process) { () throws(KafkaError) in
            let fetched = world.cluster.fetchOffsets(
                groupID: settings.groupID, partitions: wanted, requireStable: requireStable)
            for offset in fetched where offset.error != .none { throw KafkaError(offset.error) }
            return fetched
        }
        var committed: [Millrace.TopicPartition: MillraceEngine.CommittedOffset] = [:]
        for entry in fetched where entry.offset.offset >= 0 {
            let partition = Millrace.TopicPartition(entry.partition)
            committed[partition] = MillraceEngine.CommittedOffset(
                offset: entry.offset.offset, metadata: entry.offset.metadata)
        }
        return committed
    }

    func commit(_ offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset]) throws(PortError) {
        let wanted = offsets.forCluster
        let member = membership?.current ?? GroupMembership(groupID: settings.groupID)
        try world.request("commit offsets", for: .commitOffsets, by: process) { () throws(KafkaError) in
            for outcome in world.cluster.commitOffsets(member, offsets: wanted, nowMs: world.clock.nowMs)
            where outcome.error != .none {
                throw KafkaError(outcome.error)
            }
        }
    }

    func knownEndOffset(of partition: Millrace.TopicPartition) -> Int64? {
        let partition = ClusterCore.TopicPartition(partition)
        return (try? world.cluster.offsets(of: partition))?.highWatermark
    }

    func takeMembershipEvents() -> [MembershipEvent] {
        defer { membershipEvents = [] }
        return membershipEvents
    }

    func groupMetadata() throws(PortError) -> GroupMetadata {
        guard let told = membership?.told else {
            throw PortError(.staleGeneration, "this member does not belong to the group")
        }
        return GroupMetadata(told)
    }

    func memberID() -> String? { membership.flatMap { $0.current.memberID.isEmpty ? nil : $0.current.memberID } }

    func isAnswered() -> Bool {
        guard !reading.isEmpty else { return false }
        return (try? world.request("metadata", for: .read, by: process) { () throws(KafkaError) in }) != nil
    }

    func close() { membership?.leave() }
}

/// The records of a fetch that a reader sees, without control records and records of aborted transactions.
struct CommittedRecords: Sequence {
    private let answer: FetchAnswer
    private let start: Int64

    init(_ answer: FetchAnswer, from start: Int64) {
        self.answer = answer
        self.start = start
    }

    func makeIterator() -> Array<ClusterCore.Record>.Iterator {
        var aborted = answer.abortedTransactions.sorted { $0.firstOffset < $1.firstOffset }
        var aborting: Set<Int64> = []
        var records: [ClusterCore.Record] = []
        for batch in answer.batches {
            while let next = aborted.first, next.firstOffset <= batch.lastOffset {
                aborting.insert(next.producerID)
                aborted.removeFirst()
            }
            if batch.header.attributes.isControl {
                if ControlRecord(in: batch) == .abort { aborting.remove(batch.header.producer.producerID) }
                continue
            }
            let isAborted =
                batch.header.attributes.isTransactional
                && aborting.contains(batch.header.producer.producerID)
            if isAborted { continue }
            records += ((try? RecordBatchReader.records(of: batch)) ?? []).filter { $0.offset >= start }
        }
        return records.makeIterator()
    }
}
