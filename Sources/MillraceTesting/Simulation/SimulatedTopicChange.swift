import ClusterCore
import Millrace
import MillraceEngine

/// A change of a topic while the instances of a simulation run.
public struct SimulatedTopicChange: Sendable {
    /// The kinds of changes.
    public enum Kind: Sendable {
        /// The topic starts with this number of partitions and grows to the number that the simulation says.
        case grows(from: Int32)
        /// The topic is deleted when all earlier records are processed, and created again at once or up to five seconds later.
        case isRecreated
    }

    /// The topic's name.
    public var topic: String
    /// The kind of the change.
    public var kind: Kind
    /// The number of the record before which the change happens, counted from 0.
    public var record: Int

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - topic: the topic, one of the simulation's.
    ///   - kind: the kind of the change.
    ///   - record: the number of the record before which the change happens, counted from 0.
    public init(_ topic: String, _ kind: Kind, beforeRecord record: Int) {
        self.topic = topic
        self.kind = kind
        self.record = record
    }
}

/// The changes of a run's topics that are still to come.
struct TopicChanges {
    private var open: [SimulatedTopicChange]
    /// A topic that was deleted, and when it is created again.
    private var deleted: (topic: String, until: Moment)?
    private let counts: [String: Int32]

    init(_ simulation: Simulation) {
        open = simulation.topicChanges.sorted { $0.record < $1.record }
        counts = simulation.topics
    }

    /// The number of partitions that a topic starts with.
    func firstCount(of topic: String) -> Int32 {
        for change in open where change.topic == topic { if case .grows(let count) = change.kind { return count } }
        return counts[topic] ?? 1
    }

    /// Whether a record may be written, because all changes before it have happened.
    mutating func allow(_ record: Int, in world: SimulatedWorld, isDone: () -> Bool) throws -> Bool {
        if let (topic, until) = deleted {
            guard Moment(ms: world.clock.nowMs) >= until else { return false }
            world.log("topics: \(topic) is created again")
            _ = try world.cluster.createTopic(
                NewTopic(topic, partitionCount: counts[topic] ?? 1), nowMs: world.clock.nowMs)
            world.settle()
            deleted = nil
        }
        guard let next = open.first, next.record <= record else { return true }
        switch next.kind {
        case .grows:
            world.log("topics: \(next.topic) gets partitions")
            try world.cluster.createPartitions(
                topic: next.topic, totalCount: counts[next.topic] ?? 1, nowMs: world.clock.nowMs)
        case .isRecreated:
            guard isDone() else { return false }
            world.log("topics: \(next.topic) is deleted")
            try world.cluster.deleteTopic(next.topic, nowMs: world.clock.nowMs)
            world.forgetOffsets(of: next.topic)
            let pause = TimeSpan(ms: world.random.chance(0.5) ? 0 : Int64(world.random.below(5_000)))
            deleted = (next.topic, Moment(ms: world.clock.nowMs) + pause)
        }
        world.settle()
        open.removeFirst()
        return try allow(record, in: world, isDone: isDone)
    }
}
