import Millrace
import MillraceConnect
import MillraceEngine
import Testing

@Suite("A sink as a member of its group")
struct SinkMemberTests {
    private let partition = TopicPartition(topic: "in", partition: 0)

    @Test(
        "a revocation that comes with an error is answered, nothing half written is committed, and the sink goes on",
        arguments: [true, false])
    func revoked(isLost: Bool) throws {
        let group = Group()
        let target = Target()
        let task = SinkTask(
            of: target, reader: group, ports: group, configuration: SinkTaskConfiguration(connector: "sink"))
        let member = SinkMember(task: task, member: group)
        group.polls = [Poll(membership: [.assigned([partition])]), Poll(records: 0..<3)]
        for _ in 0..<2 { try member.step(withinMs: 0) }
        #expect(target.rows == ["0", "1", "2"] && target.offset == 3)

        let away: MembershipEvent = isLost ? .lost([partition]) : .revoked([partition])
        group.polls = [
            Poll(events: [.trouble("the broker is away")], membership: [away]),
            Poll(membership: [.assigned([partition])]),
            Poll(records: 3..<5, membership: [away]),
            Poll(membership: [.assigned([partition])]),
            Poll(records: 3..<6),
        ]
        var failures: [String] = []
        for _ in 0..<10 where !group.polls.isEmpty {
            if group.polls.count == 3 { target.isBroken = true }
            do { try member.step(withinMs: 0) } catch {
                failures.append("\(error)")
                target.isBroken = false
                #expect(member.recover(from: error), "\(error)")
                #expect(group.assigned.isEmpty && member.partitionCount == 0)
            }
        }
        #expect(failures.count == 2, "\(failures)")
        #expect(target.rows == ["0", "1", "2", "3", "4", "5"])
        #expect(target.offset == 6)
    }

    @Test(
        "what is written is committed with its time, or earlier with so many records or bytes",
        arguments: [(3, 100), (100, 3)])
    func sizes(count: Int, bytes: Int) throws {
        let (group, target) = (Group(), Target())
        var configuration = SinkTaskConfiguration(connector: "sink")
        configuration.commitIntervalMs = 10_000
        configuration.transactionCount = count
        configuration.transactionSizeInBytes = bytes
        let member = SinkMember(
            task: SinkTask(of: target, reader: group, ports: group, configuration: configuration), member: group)
        group.polls = [
            Poll(membership: [.assigned([partition])]), Poll(records: 0..<2), Poll(records: 2..<3),
            Poll(records: 3..<4),
        ]
        var offsets: [Int64] = []
        while !group.polls.isEmpty {
            try member.step(withinMs: 0)
            offsets.append(target.offset)
        }
        #expect(offsets == [0, 0, 3, 3])
        // Each step takes a second.
        for _ in 0..<10 { try member.step(withinMs: 0) }
        #expect(target.offset == 4)
    }

    @Test("the group hears of the ends that were reached, but not before the records are in the target")
    func ends() throws {
        let (group, target) = (Group(), Target())
        var configuration = SinkTaskConfiguration(connector: "sink")
        configuration.settlingMs = 0
        let member = SinkMember(
            task: SinkTask(of: target, reader: group, ports: group, configuration: configuration), member: group)
        func step(_ poll: Poll) -> Bool {
            group.polls = [poll]
            do { try member.step(withinMs: 0) } catch {
                #expect(member.recover(from: error))
                return false
            }
            return true
        }
        #expect(step(Poll(membership: [.assigned([partition])])))
        #expect(step(Poll(records: 0..<3, events: [.endOfPartition(slot: 0, offset: 4)])))
        #expect(target.offset == 3 && group.committed[partition] == 4)
        // A transaction that was aborted, behind which are no records.
        #expect(step(Poll(events: [.endOfPartition(slot: 0, offset: 6)])))
        #expect(target.offset == 3 && group.committed[partition] == 6)
        let count = group.commitCount
        #expect(step(Poll(events: [.endOfPartition(slot: 0, offset: 6)])) && step(Poll()))
        #expect(group.commitCount == count)
        target.isBroken = true
        #expect(!step(Poll(records: 6..<8, events: [.endOfPartition(slot: 0, offset: 9)])))
        #expect(step(Poll()) && group.committed[partition] == 6)
        target.isBroken = false
        #expect(step(Poll(records: 6..<8)))
        #expect(target.offset == 8 && group.committed[partition] == 8)
        #expect(step(Poll(membership: [.revoked([partition])])))
        #expect(step(Poll(events: [.endOfPartition(slot: 0, offset: 9)])) && group.committed[partition] == 8)
    }
}

/// The result of a poll.
private struct Poll {
    var records = 0..<0
    var events: [ReaderEvent] = []
    var membership: [MembershipEvent] = []
}

/// A member that refuses an assignment while a revocation has no answer, as librdkafka does.
private final class Group: MembershipPort, OffsetsPort, ReaderPort, SinkTaskPorts, WallClock {
    var polls: [Poll] = []
    /// The values of the records 0 to 9.
    private let digits = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
    private var pending: [MembershipEvent] = []
    private var isRevoked = false
    private(set) var assigned: [PartitionAssignment] = []
    private(set) var committed: [TopicPartition: Int64] = [:]
    private(set) var commitCount = 0
    private var time: Int64 = 0

    init() { digits.copyBytes(from: "0123456789".utf8) }

    deinit { digits.deallocate() }

    func assign(_ assignments: [PartitionAssignment]) throws(PortError) {
        if isRevoked, !assignments.isEmpty { throw PortError(.fatal, "partitions were revoked") }
        isRevoked = false
        assigned = assignments
    }

    func poll(maxRecords: Int, timeoutMs: Int) -> PollResult {
        time += 1_000
        guard !polls.isEmpty else { return PollResult() }
        let poll = polls.removeFirst()
        pending += poll.membership
        isRevoked = poll.membership.contains { if case .assigned = $0 { false } else { true } }
        let records = poll.records.map {
            FetchedRecord(
                offset: Int64($0), timestampMs: 0, headers: [], key: nil,
                value: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[$0...$0]))
        }
        let runs = records.isEmpty ? [] : [RecordRun(slot: 0, records[...], ownedBy: self)]
        return PollResult(runs: runs, events: poll.events)
    }

    func takeMembershipEvents() -> [MembershipEvent] {
        defer { pending = [] }
        return pending
    }

    var clock: any WallClock { self }
    func wallClockMs() -> Int64 { time }
    func monotonicMs() -> Int64 { time }
    func monotonicNanoseconds() -> Int64 { time * 1_000_000 }
    func makeProducer() throws -> any ProducerPort { throw PortError(.fatal, "nobody needs one") }
    func subscribe(to topics: [String]) {}
    func memberID() -> String? { nil }
    func groupMetadata() -> GroupMetadata { GroupMetadata(encoded: []) }
    func committed(_ partitions: [TopicPartition], withinMs: Int?) -> [TopicPartition: CommittedOffset] { [:] }

    func commit(_ offsets: [TopicPartition: CommittedOffset]) {
        committed.merge(offsets.mapValues(\.offset)) { $1 }
        commitCount += 1
    }

    func pause(_ partitions: [TopicPartition]) {}
    func resume(_ partitions: [TopicPartition]) {}
    func listOffsets(_ specs: [TopicPartition: OffsetSpec]) -> [TopicPartition: Int64] { [:] }
    func knownEndOffset(of partition: TopicPartition) -> Int64? { nil }
    func isAnswered() -> Bool { true }
    func close() {}
}

/// A target that keeps the offset beside its rows.
// @unchecked: the test has one thread.
private final class Target: SinkConnector, SinkWriter, @unchecked Sendable {
    let topics = ["in"]
    private(set) var rows: [String] = []
    private(set) var offset: Int64 = 0
    var isBroken = false
    private var uncommitted: [String] = []

    func open() -> any SinkWriter { self }

    func begin(_ partitions: [TopicPartition]) -> [TopicPartition: Int64] {
        Dictionary(uniqueKeysWithValues: partitions.map { ($0, offset) })
    }

    func end(_ partitions: [TopicPartition]) {}

    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        if isBroken { throw ConnectorError(.temporary, "the target is away") }
        uncommitted += records.map { String(decoding: $0.value ?? [], as: UTF8.self) }
        return []
    }

    func commit(_ offsets: [TopicPartition: Int64]) {
        rows += uncommitted
        uncommitted = []
        offset = offsets.values.max() ?? offset
    }

    func rollBack() { uncommitted = [] }
    func close() {}
}
