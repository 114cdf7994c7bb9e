import Millrace

/// The answer to the question what became of a key's last record.
package struct Explanation: Sendable {
    package struct Input: Sendable, Hashable {
        package var offset: Int64
        package var timestampMs: Int64
        package var value: JSONFragment
    }

    package struct Step: Sendable, Hashable {
        package var node: String
        package var depth: Int
        package var key: String
        package var value: String
        package var timestampMs: Int64
        /// A word for programs: `forwarded`, `stored`, `written`, `filtered`, `late`, …
        package var outcome: String
        /// The outcome in words.
        package var detail: String
        /// Whether it happened while a later record was processed.
        package var isLater: Bool
    }

    package struct Behind: Sendable, Hashable {
        /// The records of the partition that are not processed.
        package var records: Int64
        /// The age of the first of them, in milliseconds.
        package var ms: Int64
    }

    /// A task that reads a partition, as its group stands now.
    package struct Reader: Sendable, Hashable {
        package var topic: String
        package var partition: Int32
        package var subtopology: Int
        package var isGlobal: Bool
        /// The owner's address or client id; nil if the group has no member that reads the partition.
        package var owner: String?
        package var committed: Int64?
        package var end: Int64
        /// Whether the owner has paused the sub-topology; nil if that is not known.
        package var isPaused: Bool?
        /// The records of the partition that have not been processed.
        package var waitingRecords: Int64 = 0

        package var task: String { isGlobal ? "global" : "\(subtopology)_\(partition)" }
    }

    /// The task that reads the key's partition.
    package var reader: Reader
    /// The tasks that read what the record has led to in repartition topics.
    package var downstream: [Reader] = []
    /// The last record of the key.
    package var last: Input?
    /// The last one that is processed.
    package var processed: Input?
    package var behind: Behind?
    /// A word for programs, that of the step which decided: `produced`, `stored`, `filtered`, `late`, `unprocessed`, `no_record`, …
    package var outcome = "no_record"
    /// The answer in a sentence.
    package var summary = ""
    package var steps: [Step] = []
    package var outputs: [Replay.Output] = []
    package var changes: [Replay.Change] = []
    /// Remarks on facts that cannot be known.
    package var notes: [String]
    /// The records that were left out so that no more than the bounds was read.
    package var skippedRecords: Int64 = 0

    package var topic: String { reader.topic }
    package var partition: Int32 { reader.partition }
    package var task: String { reader.task }
    package var owner: String? { reader.owner }
    package var committed: Int64? { reader.committed }
    package var end: Int64 { reader.end }
    package var isPaused: Bool? { reader.isPaused }

    /// Whether a reader without an owner has none.
    package private(set) var areOwnersKnown: Bool

    init(reader: Reader, areOwnersKnown: Bool, notes: [String]) {
        self.reader = reader
        self.areOwnersKnown = areOwnersKnown
        self.notes = notes
    }

    package var json: JSONFragment {
        .members([
            "topic": .string(topic), "partition": .number(Int64(partition)), "task": .string(task),
            "owner": .optional(owner), "paused": isPaused.map(JSONFragment.bool) ?? .null,
            "committed": .optional(committed), "end": .number(end),
            "last": last?.json ?? .null, "processed": processed?.json ?? .null,
            "behind": behind.map { .members(["records": .number($0.records), "ms": .number($0.ms)]) } ?? .null,
            "outcome": .string(outcome), "summary": .string(summary),
            "steps": .array(
                steps.map { step in
                    .members([
                        "node": .string(step.node), "depth": .number(Int64(step.depth)), "key": .string(step.key),
                        "value": .string(step.value), "timestampMs": .number(step.timestampMs),
                        "outcome": .string(step.outcome), "detail": .string(step.detail),
                        "isLater": .bool(step.isLater),
                    ])
                }),
            "outputs": .array(
                outputs.map { output in
                    .members([
                        "topic": .string(output.topic), "partition": .number(Int64(output.partition)),
                        "key": output.key, "value": output.value, "timestampMs": .number(output.timestampMs),
                    ])
                }),
            "changes": .array(
                changes.map { change in
                    .members([
                        "store": .string(change.store), "partition": .number(Int64(change.partition)),
                        "key": change.key, "value": change.value, "timestampMs": .number(change.timestampMs),
                    ])
                }),
            "downstream": .array(downstream.map(\.json)), "skippedRecords": .number(skippedRecords),
            "notes": .array(notes.map(JSONFragment.string)),
        ])
    }
}

extension Explanation.Reader {
    fileprivate var json: JSONFragment {
        .members([
            "topic": .string(topic), "partition": .number(Int64(partition)), "task": .string(task),
            "owner": .optional(owner), "paused": isPaused.map(JSONFragment.bool) ?? .null,
            "committed": .optional(committed), "end": .number(end), "waitingRecords": .number(waitingRecords),
        ])
    }
}

extension Explanation.Input {
    fileprivate var json: JSONFragment {
        .members(["offset": .number(offset), "timestampMs": .number(timestampMs), "value": value])
    }
}
