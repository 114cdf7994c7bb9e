import Millrace

/// The punctuations of one clock, the next one first. Kafka: `PunctuationQueue`, `PunctuationSchedule`.
final class PunctuationQueue {
    private struct Schedule {
        var nextMs: Int64
        let intervalMs: Int64
        let handle: Punctuation
        let action: (_ timestampMs: Int64) throws -> Void
    }

    // Asked for every record: a check for overlapping accesses each time would cost more than the question.
    @exclusivity(unchecked) private var schedules: [Int: Schedule] = [:]
    @exclusivity(unchecked) private var order = TimestampHeap()
    private var nextID = 0

    /// - Parameter firstMs: when the action is called first.
    func add(firstMs: Int64, everyMs intervalMs: Int64, _ action: @escaping (Int64) throws -> Void) -> Punctuation {
        let handle = Punctuation()
        let id = nextID
        nextID += 1
        schedules[id] = Schedule(nextMs: firstMs, intervalMs: intervalMs, handle: handle, action: action)
        order.insert(queue: id, timestampMs: firstMs)
        return handle
    }

    /// When the next punctuation is due; `nil` where none is waiting.
    var nextMs: Int64? {
        while let id = order.first {
            guard let schedule = schedules[id], !schedule.handle.isCancelled else {
                schedules[id] = nil
                _ = order.removeFirst()
                continue
            }
            return schedule.nextMs
        }
        return nil
    }

    /// Calls what is due, each once, however many ticks were missed. Returns whether anything was.
    func run(untilMs nowMs: Int64) throws -> Bool {
        var ran = false
        while let nextMs, nextMs <= nowMs, let id = order.removeFirst(), var schedule = schedules[id] {
            ran = true
            // It stays in the plan even where it throws and the task goes on.
            defer {
                if schedule.handle.isCancelled {
                    schedules[id] = nil
                } else {
                    let ticks = max(1, (nowMs - schedule.nextMs) / schedule.intervalMs + 1)
                    schedule.nextMs += ticks * schedule.intervalMs
                    schedules[id] = schedule
                    order.insert(queue: id, timestampMs: schedule.nextMs)
                }
            }
            try schedule.action(nowMs)
        }
        return ran
    }

    func removeAll() {
        schedules = [:]
        order.removeAll()
    }
}
