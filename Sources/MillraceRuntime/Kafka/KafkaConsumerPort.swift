import KafkaClient
import Millrace
import MillraceEngine

/// Adapts librdkafka's consumer to the engine: as a member of the group, or as the reader of changelogs.
///
/// librdkafka's fetching threads sleep for up to a second when there is nothing to fetch. In 2.0.2 neither a resumed partition, nor
/// a start offset that had to be looked up, nor room in a full queue wakes them. Any request to the broker does: so this port looks
/// offsets up before it assigns, and looks one up whenever fetching has to resume.
final class KafkaConsumerPort: GroupConsumer {
    /// The purpose of the consumer.
    enum Role {
        /// Reads the application's input as a member of its group.
        case member
        /// Reads changelogs to their very end. It waits for transactions that are still open there, because a commit whose offsets
        /// are visible already may still be in progress. Kafka: `StoreChangelogReader`, which asks for uncommitted ends.
        case restorer
    }

    private let consumer: KafkaConsumer
    private let role: Role
    private let timeoutMs: Int32
    private let clock: any WallClock
    private var slots: [KafkaClient.TopicPartition: Int] = [:]
    private var partitions: [Int: KafkaClient.TopicPartition] = [:]
    private var paused: Set<KafkaClient.TopicPartition> = []
    /// Whether the last poll brought as many records as it was allowed to: librdkafka may have stopped fetching.
    private var lastPollWasFull = false
    private var lastNudge = Moment.distantPast
    /// The ends of the paused partitions, which the client does not learn by fetching.
    private var pausedEnds: [KafkaClient.TopicPartition: Int64] = [:]
    private var lastLookAtPaused = Moment.distantPast
    /// The first offsets of the partitions that were assigned without one.
    private var firstOffsets: [KafkaClient.TopicPartition: Int64] = [:]
    private var membershipEvents: [MembershipEvent] = []
    /// The metadata of the member in the last generation that was reported. If the member is fenced, librdkafka forgets the
    /// metadata before it reports the loss, and a commit without metadata is not fenced.
    private var membership: GroupMetadata?

    init(
        _ settings: ClientSettings, role: Role, timeoutMs: Int32, clock: any WallClock, log: @escaping ClientLogHandler
    ) throws(PortError) {
        consumer = try port(.read) { () throws(KafkaError) in try KafkaConsumer(settings, log: log) }
        self.role = role
        self.timeoutMs = timeoutMs
        self.clock = clock
    }

    func subscribe(to topics: [String]) throws(PortError) {
        try port(.membership) { () throws(KafkaError) in
            // librdkafka refuses to subscribe to nothing.
            if topics.isEmpty { try consumer.unsubscribe() } else { try consumer.subscribe(topics) }
        }
        if topics.isEmpty { membership = nil }
    }

    func poll(maxRecords: Int, timeoutMs: Int) throws(PortError) -> PollResult {
        let batch = try port(.read) { () throws(KafkaError) in
            try consumer.poll(maxMessages: maxRecords, timeoutMs: Int32(clamping: timeoutMs))
        }
        var builder = RecordRunBuilder(capacity: batch.messages.count)
        // The collection's iterator would allocate for every element.
        for index in 0..<batch.messages.count {
            let message = batch.messages[index]
            builder.append(
                FetchedRecord(
                    offset: message.offset, timestampMs: message.timestampMs, headers: Headers(message.headers),
                    key: message.key, value: message.value), slot: message.slot)
        }
        var result = PollResult(runs: builder.runs(ownedBy: batch.messages))
        for event in batch.events {
            if let event = try translate(event) { result.events.append(event) }
        }
        if lastPollWasFull, batch.messages.count < maxRecords { nudge(atMostEvery: TimeSpan(ms: 20)) }
        lastPollWasFull = batch.messages.count == maxRecords
        return result
    }

    private func translate(_ event: KafkaClient.ConsumerEvent) throws(PortError) -> ReaderEvent? {
        switch event {
        case .assigned(let partitions):
            membership = try currentMembership()
            membershipEvents.append(.assigned(partitions.map(Millrace.TopicPartition.init)))
            return nil
        case .revoked(let partitions, let lost):
            let partitions = partitions.map(Millrace.TopicPartition.init)
            membershipEvents.append(lost ? .lost(partitions) : .revoked(partitions))
            return nil
        case .endOfPartition(let slot, let offset): return .endOfPartition(slot: slot, offset: offset)
        case .error(let error, let partition):
            if [.autoOffsetReset, .offsetOutOfRange].contains(error.code), let partition, let slot = slots[partition] {
                return .offsetOutOfRange(slot: slot)
            }
            if [.unknownTopicOrPartition, .unknownTopicLocally, .unknownPartition].contains(error.code) {
                return .topicUnavailable(error.description)
            }
            let translated = PortError(error, during: .read)
            if translated.kind == .fenced || (error.isFatal && translated.kind == .fatal) { throw translated }
            return .trouble(error.description)
        }
    }

    func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        // librdkafka keeps a partition paused when it is assigned again, and would not read it any more. A partition that
        // librdkafka does not know any more need not be resumed.
        if !paused.isEmpty { try? consumer.resume(Array(paused)) }
        paused = []
        slots = [:]
        partitions = [:]
        firstOffsets = [:]
        if assignments.isEmpty {
            return try port(.read) { () throws(KafkaError) in try consumer.unassign() }
        }
        let starts = startOffsets(of: assignments)
        firstOffsets = starts
        let assigned = assignments.map { assignment in
            let partition = KafkaClient.TopicPartition(assignment.partition)
            return AssignedPartition(
                partition, slot: assignment.slot,
                start: (assignment.offset ?? starts[partition]).map(StartOffset.absolute) ?? .beginning)
        }
        for partition in assigned {
            slots[partition.topicPartition] = partition.slot
            partitions[partition.slot] = partition.topicPartition
        }
        try port(.read) { () throws(KafkaError) in try consumer.assign(assigned) }
    }

    /// Returns the first offsets of partitions for which no offset is given; none if the broker does not answer.
    private func startOffsets(of assignments: [PartitionAssignment]) -> [KafkaClient.TopicPartition: Int64] {
        let unknown = assignments.filter { $0.offset == nil }.map { KafkaClient.TopicPartition($0.partition) }
        return (try? consumer.offsets(.beginning, of: unknown, timeoutMs: timeoutMs)) ?? [:]
    }

    func listOffsets(_ specs: [Millrace.TopicPartition: MillraceEngine.OffsetSpec]) throws(PortError)
        -> [Millrace.TopicPartition: Int64]
    {
        var times: [KafkaClient.TopicPartition: Int64] = [:]
        for (partition, spec) in specs {
            times[KafkaClient.TopicPartition(partition)] =
                switch spec {
                case .earliest: Self.earliestTime
                case .latest: Self.latestTime
                case .timestamp(let ms): ms
                }
        }
        return try port(.read) { () throws(KafkaError) in
            var found = try consumer.offsetsForTimes(times, timeoutMs: timeoutMs)
            // A time after all records has no offset.
            let ends = times.keys.filter { found[$0] == nil }
            found.merge(try consumer.offsets(.end, of: Array(ends), timeoutMs: timeoutMs)) { $1 }
            var offsets: [Millrace.TopicPartition: Int64] = [:]
            for (partition, offset) in found { offsets[Millrace.TopicPartition(partition)] = offset }
            return offsets
        }
    }

    /// The times that stand for the first and the end offset in a lookup by time (ListOffsets).
    private static let earliestTime: Int64 = -2
    private static let latestTime: Int64 = -1

    /// Makes librdkafka check whether there is something to fetch.
    private func nudge(atMostEvery interval: TimeSpan = .zero) {
        let now = clock.monotonic
        guard now - lastNudge >= interval else { return }
        lastNudge = now
        _ = try? consumer.offsets(.end, of: Array(slots.keys), timeoutMs: 100)
    }

    func isAnswered() -> Bool {
        guard let partition = slots.keys.first else { return false }
        return (try? consumer.queryWatermarks(partition, timeoutMs: 100)) != nil
    }

    func pause(_ partitions: [Millrace.TopicPartition]) throws(PortError) {
        let partitions = partitions.map(KafkaClient.TopicPartition.init)
        paused.formUnion(partitions)
        try port(.read) { () throws(KafkaError) in try consumer.pause(partitions) }
    }

    func resume(_ partitions: [Millrace.TopicPartition]) throws(PortError) {
        let partitions = partitions.map(KafkaClient.TopicPartition.init)
        try port(.read) { () throws(KafkaError) in try consumer.resume(partitions) }
        paused.subtract(partitions)
        nudge()
    }

    func committed(
        _ partitions: [Millrace.TopicPartition], withinMs limitMs: Int?
    ) throws(PortError) -> [Millrace.TopicPartition: MillraceEngine.CommittedOffset] {
        let found = try port(.read) { () throws(KafkaError) in
            try consumer.committed(
                partitions.map(KafkaClient.TopicPartition.init),
                timeoutMs: limitMs.map(Int32.init(clamping:)) ?? timeoutMs)
        }
        var offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset] = [:]
        for (partition, offset) in found {
            offsets[Millrace.TopicPartition(partition)] = MillraceEngine.CommittedOffset(
                offset: offset.offset, metadata: offset.metadata ?? "")
        }
        return offsets
    }

    func commit(_ offsets: [Millrace.TopicPartition: MillraceEngine.CommittedOffset]) throws(PortError) {
        try port(.commitOffsets) { () throws(KafkaError) in try consumer.commit(offsets.forClient) }
    }

    func knownEndOffset(of partition: Millrace.TopicPartition) -> Int64? {
        let partition = KafkaClient.TopicPartition(partition)
        let fetched = consumer.cachedWatermarks(partition)?.high
        guard paused.contains(partition) else { return fetched }
        lookAtPaused()
        return [fetched, pausedEnds[partition]].compactMap(\.self).max()
    }

    func firstOffset(of partition: Millrace.TopicPartition) -> Int64? {
        firstOffsets[KafkaClient.TopicPartition(partition)]
    }

    /// Asks for the ends of the paused partitions, at most once a second and without waiting long.
    private func lookAtPaused() {
        let now = clock.monotonic
        guard now - lastLookAtPaused >= TimeSpan(ms: 1_000) else { return }
        lastLookAtPaused = now
        guard let ends = try? consumer.offsets(.end, of: Array(paused), timeoutMs: 100) else { return }
        pausedEnds = ends
    }

    func takeMembershipEvents() -> [MembershipEvent] {
        defer { membershipEvents = [] }
        return membershipEvents
    }

    func groupMetadata() throws(PortError) -> GroupMetadata {
        guard let membership else { throw PortError(.staleGeneration, "this member does not belong to the group") }
        return membership
    }

    /// Returns the member's metadata as librdkafka knows it; `nil` if the member has been fenced already.
    private func currentMembership() throws(PortError) -> GroupMetadata? {
        let encoded = try port(.membership) { () throws(KafkaError) in try consumer.groupMetadata().encoded() }
        return consumer.memberID == nil ? nil : GroupMetadata(encoded: encoded)
    }

    func memberID() -> String? { consumer.memberID }

    func close() {
        // If the consumer cannot tell the broker that it leaves, the end of its session will.
        try? consumer.close()
    }
}

extension KafkaConsumer {
    /// Returns the first offsets of partitions, or those after their last readable records, in one request to each broker.
    ///
    /// A lookup by time takes the times −2 and −1 for them (ListOffsets).
    fileprivate func offsets(
        _ start: StartOffset, of partitions: [KafkaClient.TopicPartition], timeoutMs: Int32
    ) throws(KafkaError) -> [KafkaClient.TopicPartition: Int64] {
        let time: Int64 = start == .end ? -1 : -2
        return try offsetsForTimes(
            Dictionary(partitions.map { ($0, time) }, uniquingKeysWith: { $1 }), timeoutMs: timeoutMs)
    }
}
