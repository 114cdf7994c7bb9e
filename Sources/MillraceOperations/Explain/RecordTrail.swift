import KafkaClient
import Millrace

/// Follows one record through the operators, through repartition topics too, and later when it has waited somewhere.
final class RecordTrail: NodeObserver {
    /// A node that the record, or one made of it, has entered.
    struct Step {
        var node: String
        var depth: Int
        var key: String
        var value: String
        var timestampMs: Int64
        var forwards = 0
        var sends = 0
        var drops: [(reason: DropReason, late: Lateness?)] = []
        var failure: String?
        var silence: Silence?
        /// The record that was joined with this one after it had waited.
        var joinedBy: RecordMetadata?
        /// Whether it happened while a later record was processed.
        var isLater: Bool
    }

    struct Sent {
        var node: String?
        var record: (topic: String, partition: Int32, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64)
        var isLater: Bool
    }

    private struct Frame {
        /// The frame's step; nil if the record that is followed has no part in it.
        var step: Int?
        /// Whether a record of the other side of a join has come for the one that is followed.
        var isPulledIn = false
    }

    private(set) var steps: [Step] = []
    private(set) var sent: [Sent] = []
    /// Whether there was more than is kept.
    private(set) var isCut = false
    private static let most = 2_000
    /// The size of the keys and values of `sent`, in bytes.
    private var sentSize = 0
    private static let mostSentBytes = 4 << 20

    private var watched: RecordMetadata?
    private var derived: Set<RecordMetadata> = []
    private var frames: [Frame] = []
    /// Whether the followed record itself is being processed.
    var isCurrent = false
    /// The repartition topics, through which the record is followed.
    private let internalTopics: Set<String>
    /// The partitions of repartition topics to which the record has led.
    private(set) var followed: Set<TopicPartition> = []

    init(internalTopics: Set<String>) { self.internalTopics = internalTopics }

    func isInternal(_ topic: String) -> Bool { internalTopics.contains(topic) }

    /// Forgets what was followed before and follows another record.
    func follow(_ record: RecordMetadata) {
        (watched, derived, steps, sent, followed, isCut) = (record, [record], [], [], [], false)
        sentSize = 0
    }

    func enter(_ node: String, origin: RecordMetadata?, key: Any?, value: Any?, timestampMs: Int64) {
        guard watched != nil else { return frames.append(Frame()) }
        let parent = frames.last
        var isPulledIn = parent?.isPulledIn ?? false
        let isOwn = origin.map(derived.contains) ?? false
        let keyText = Self.text(key)
        if !isOwn, !isPulledIn { isPulledIn = meets(node, origin, keyText, timestampMs) }
        guard isOwn || isPulledIn else { return frames.append(Frame()) }
        if let step = parent?.step { steps[step].forwards += 1 }
        guard steps.count < Self.most else {
            isCut = true
            return frames.append(Frame(isPulledIn: isPulledIn))
        }
        steps.append(
            Step(
                node: node, depth: frames.filter { $0.step != nil }.count, key: keyText, value: Self.text(value),
                timestampMs: timestampMs, isLater: !isCurrent))
        frames.append(Frame(step: steps.count - 1, isPulledIn: isPulledIn))
    }

    /// Whether a record that enters the other side of a join is one that the followed record waits for.
    private func meets(_ node: String, _ origin: RecordMetadata?, _ key: String, _ timestampMs: Int64) -> Bool {
        var isMet = false
        for index in steps.indices {
            guard case .waits(let wait)? = steps[index].silence, wait.other == node, steps[index].key == key,
                wait.matches?.contains(timestampMs) ?? false, wait.streamTimeMs() < wait.untilMs
            else { continue }
            steps[index].joinedBy = steps[index].joinedBy ?? origin
            isMet = true
        }
        return isMet
    }

    func leave(_ silence: () -> Silence?) {
        guard let step = frames.popLast()?.step, steps.indices.contains(step) else { return }
        if steps[step].forwards == 0, steps[step].drops.isEmpty, steps[step].failure == nil {
            steps[step].silence = silence()
        }
    }

    func dropped(_ reason: DropReason, at node: String, origin: RecordMetadata?, late: Lateness?) {
        guard let step = frames.last?.step else {
            guard isCurrent, watched != nil, frames.isEmpty, steps.count < Self.most else { return }
            var step = Step(node: node, depth: 0, key: "", value: "", timestampMs: -1, isLater: false)
            step.drops = [(reason, late)]
            return steps.append(step)
        }
        steps[step].drops.append((reason, late))
    }

    func failed(_ error: StreamsError, at node: String, origin: RecordMetadata?, response: ErrorResponse) {
        if let step = frames.last?.step {
            steps[step].failure = error.description
        } else if origin.map(derived.contains) ?? isCurrent, steps.count < Self.most {
            var step = Step(node: node, depth: 0, key: "", value: "", timestampMs: -1, isLater: !isCurrent)
            step.failure = error.description
            steps.append(step)
        }
    }

    func sent(
        to topic: String, partition: Int32, offset: Int64, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64
    ) {
        guard watched != nil, frames.isEmpty ? isCurrent : frames.last?.step != nil else { return }
        let step = frames.last?.step
        if let step { steps[step].sends += 1 }
        if isInternal(topic) {
            derived.insert(RecordMetadata(topic: topic, partition: partition, offset: offset))
            followed.insert(TopicPartition(topic, partition))
        }
        sentSize += (key?.count ?? 0) + (value?.count ?? 0)
        guard sent.count < Self.most, sent.isEmpty || sentSize <= Self.mostSentBytes else {
            isCut = true
            return
        }
        sent.append(
            Sent(
                node: step.map { steps[$0].node }, record: (topic, partition, key, value, timestampMs),
                isLater: !isCurrent))
    }

    private static func text(_ value: Any?) -> String {
        let text = value.map { "\($0)" } ?? "null"
        return text.count > 400 ? "\(text.prefix(399))…" : text
    }
}
