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

    package var topic: String
    package var partition: Int32
    package var task: String
    /// The owner's address or client id; nil if the group has no member that reads the partition.
    package var owner: String?
    package var committed: Int64?
    package var end: Int64
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
    package var notes: [String] = []

    package var json: JSONFragment {
        .members([
            "topic": .string(topic), "partition": .number(Int64(partition)), "task": .string(task),
            "owner": .optional(owner), "committed": .optional(committed), "end": .number(end),
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
                }), "notes": .array(notes.map(JSONFragment.string)),
        ])
    }
}

extension Explanation.Input {
    fileprivate var json: JSONFragment {
        .members(["offset": .number(offset), "timestampMs": .number(timestampMs), "value": value])
    }
}

extension RecordTrail.Step {
    /// The word for programs and the outcome in words.
    func outcome(_ response: String?) -> (String, String) {
        if let failure { return ("failed", "an error\(response.map { ", \($0)" } ?? ""): \(failure)") }
        if let (reason, late) = drops.first {
            guard let late else { return (Self.word(reason), "dropped: \(reason.rawValue)") }
            let grace = TimeSpan(ms: late.graceMs).duration
            return (
                "late",
                "too late by \(TimeSpan(ms: late.byMs).duration): the window from \(timeText(ms: late.windowStartMs)) to "
                    + "\(timeText(ms: late.windowEndMs)) was closed, with a wait of \(grace), at stream time "
                    + timeText(ms: late.streamTimeMs)
            )
        }
        if let joinedBy {
            return ("joined", "waited, and was joined with \(joinedBy.topic)-\(joinedBy.partition)@\(joinedBy.offset)")
        }
        if forwards > 0 { return ("forwarded", "handed on \(forwards)") }
        switch silence {
        case .filtered: return ("filtered", "the predicate was false")
        case .noBranch: return ("no_branch", "no branch took it")
        case .madeNothing: return sends > 0 ? ("stored", "changed a store") : ("made_nothing", "made no record of it")
        case .noMatch: return ("no_match", "the other side of the join has no value")
        case .waits(let wait):
            let time = timeText(ms: wait.untilMs)
            if wait.streamTimeMs() < wait.untilMs {
                return ("waiting", "waits for a record of the other side (\(wait.other)) until stream time \(time)")
            }
            return (
                "no_match",
                "no record of the other side (\(wait.other)) came before stream time \(time)"
                    + (wait.keepsUnmatched ? "; its own result comes with the next record at that time" : "")
            )
        case .suppressed(let untilMs, let streamTimeMs):
            let time = untilMs.map { " until stream time \(timeText(ms: $0)); it is \(timeText(ms: streamTimeMs()))" }
            return ("suppressed", "held back\(time ?? "")")
        case .windowOpen: return ("window_open", "aggregated; the result comes when the window is closed")
        case nil: return sends > 0 ? ("stored", "written") : ("ended", "handed on nothing")
        }
    }

    private static func word(_ reason: DropReason) -> String {
        reason == .expired ? "late" : String(reason.rawValue.map { $0 == "-" ? "_" : $0 })
    }
}
