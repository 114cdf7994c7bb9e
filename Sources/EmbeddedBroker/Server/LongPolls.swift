import ClusterCore
import NIOCore

/// A fetch that waits for records.
///
/// Belongs to the broker's event loop.
final class LongPoll {
    let call: Call
    let request: Fetch.Request
    let partitions: [TopicPartition]
    let deadlineMs: Int64
    var timeout: Scheduled<Void>?

    init(_ call: Call, _ request: Fetch.Request, partitions: [TopicPartition], deadlineMs: Int64) {
        self.call = call
        self.request = request
        self.partitions = partitions
        self.deadlineMs = deadlineMs
    }
}

/// The waiting fetches, by the partitions they wait for.
struct LongPolls {
    private var polls: [ObjectIdentifier: LongPoll] = [:]
    private var waiting: [TopicPartition: Set<ObjectIdentifier>] = [:]

    mutating func add(_ poll: LongPoll) {
        let id = ObjectIdentifier(poll)
        polls[id] = poll
        for partition in poll.partitions { waiting[partition, default: []].insert(id) }
    }

    /// Whether it was still waiting.
    @discardableResult
    mutating func remove(_ poll: LongPoll) -> Bool {
        let id = ObjectIdentifier(poll)
        guard polls.removeValue(forKey: id) != nil else { return false }
        poll.timeout?.cancel()
        for partition in poll.partitions {
            waiting[partition]?.remove(id)
            if waiting[partition]?.isEmpty ?? false { waiting[partition] = nil }
        }
        return true
    }

    mutating func remove(of connection: Connection) {
        for poll in polls.values where poll.call.connection === connection { remove(poll) }
    }

    /// Removes and returns the fetches that wait for any of the partitions.
    mutating func take(waitingFor partitions: [TopicPartition]) -> [LongPoll] {
        guard !polls.isEmpty else { return [] }
        var taken: [LongPoll] = []
        for partition in partitions {
            for id in waiting[partition] ?? [] {
                guard let poll = polls[id] else { continue }
                remove(poll)
                taken.append(poll)
            }
        }
        return taken
    }
}
