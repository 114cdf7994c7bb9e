import Millrace

extension Explanation {
    /// The answer of a task's owner to the question which sub-topologies it has paused.
    package enum PauseAnswer: Sendable, Hashable {
        case paused(Set<Int>)
        /// It cannot be known, for a reason.
        case unknown(String)
    }

    /// The owners of the tasks: addresses of instances, or clients where an instance has none.
    package var owners: Set<String> {
        Set(([reader] + downstream).filter { !$0.isGlobal }.compactMap(\.owner))
    }

    /// Takes what the owners have said, and concludes again.
    package mutating func take(_ answers: [String: PauseAnswer]) {
        for owner in owners.sorted() {
            let tasks = ([reader] + downstream).filter { $0.owner == owner && !$0.isGlobal }.map(\.task)
            if case .unknown(let reason)? = answers[owner] {
                notes.append(
                    "whether \(Set(tasks).sorted().joined(separator: ", ")) is paused on \(owner) cannot be known: \(reason)"
                )
            }
        }
        reader.take(answers)
        for index in downstream.indices { downstream[index].take(answers) }
        conclude()
    }

    private static let quiet: Set<String> = ["forwarded", "stored", "ended", "joined"]

    /// Says in a sentence what follows from the rest.
    mutating func conclude() {
        let clauses = doubts.map { "; \($0)" }.joined()
        guard let last else {
            outcome = "no_record"
            summary =
                skippedRecords > 0
                ? "\(topic)-\(partition) has no record of the key among those that were read"
                : "\(topic)-\(partition) has no record of the key"
            summary += clauses
            return
        }
        guard let processed else {
            outcome = isPaused == true ? "paused" : "unprocessed"
            summary = "the record at offset \(last.offset) is not processed yet\(clauses)"
            return
        }
        let decisive = steps.last { !Self.quiet.contains($0.outcome) }
        if !outputs.isEmpty {
            outcome = "produced"
            summary = "the record at offset \(processed.offset) produced \(counted(outputs.count, "result"))"
        } else if let decisive {
            outcome = decisive.outcome
            summary =
                "the record at offset \(processed.offset) produced no result: \(decisive.node): \(decisive.detail)"
        } else if !changes.isEmpty {
            outcome = "stored"
            summary = "the record at offset \(processed.offset) changed \(counted(changes.count, "value")) in stores"
        } else {
            outcome = "nothing"
            summary = "the record at offset \(processed.offset) produced nothing"
        }
        if last.offset > processed.offset {
            summary += "; a later one, at offset \(last.offset), is not processed yet"
        }
        summary += clauses
    }

    private func isWithoutOwner(_ reader: Reader) -> Bool { areOwnersKnown && reader.owner == nil && !reader.isGlobal }

    /// The clauses about what waits, is paused or has no owner.
    private var doubts: [String] {
        var doubts: [String] = []
        if let behind {
            doubts.append(
                "\(counted(behind.records, "record")) of \(topic)-\(partition) waiting, for \(TimeSpan(ms: behind.ms).duration)"
            )
            if isWithoutOwner(reader) { doubts.append("no instance has task \(task) now") }
        }
        if let pause = reader.pause { doubts.append(pause) }
        for reader in downstream where reader.waitingRecords > 0 || reader.pause != nil {
            let waits = counted(reader.waitingRecords, "record")
            doubts.append(
                "what follows may not have happened yet: \(waits) waiting in \(reader.topic)-\(reader.partition)")
            if isWithoutOwner(reader) { doubts.append("no instance has task \(reader.task) now") }
            if let pause = reader.pause { doubts.append(pause) }
        }
        return doubts
    }
}

extension Explanation.Reader {
    fileprivate mutating func take(_ answers: [String: Explanation.PauseAnswer]) {
        guard let owner, !isGlobal, case .paused(let subtopologies)? = answers[owner] else { return }
        isPaused = subtopologies.contains(subtopology)
    }

    /// That the task is paused, in words; nil if it is not, or that is not known.
    package var pause: String? {
        isPaused == true ? "sub-topology \(subtopology) is paused on \(owner ?? "its owner")" : nil
    }
}
