import Millrace

/// The punctuations of one clock, the next one first. Kafka: `PunctuationQueue`, `PunctuationSchedule`.
final class PunctuationQueue {
    private struct Schedule {
        var next: Moment
        let interval: TimeSpan
        let handle: Punctuation
        let action: (_ now: Moment) throws -> Void
    }

    // Read for every record: a check for overlapping accesses each time would cost more than the read.
    @exclusivity(unchecked) private var schedules: [Int: Schedule] = [:]
    @exclusivity(unchecked) private var order = TimestampHeap()
    private var nextID = 0

    /// - Parameter first: the time of the action's first call.
    func add(first: Moment, every interval: TimeSpan, _ action: @escaping (Moment) throws -> Void) -> Punctuation {
        let handle = Punctuation()
        let id = nextID
        nextID += 1
        schedules[id] = Schedule(next: first, interval: interval, handle: handle, action: action)
        order.insert(queue: id, timestampMs: first.ms)
        return handle
    }

    /// The time of the next punctuation; `nil` if none is waiting.
    var next: Moment? {
        while let id = order.first {
            guard let schedule = schedules[id], !schedule.handle.isCancelled else {
                schedules[id] = nil
                _ = order.removeFirst()
                continue
            }
            return schedule.next
        }
        return nil
    }

    /// Runs the punctuations that are due, each once, however many ticks were missed. Returns whether there were any.
    func run(until now: Moment) throws -> Bool {
        var ran = false
        while let next, next.isReached(by: now), let id = order.removeFirst(), var schedule = schedules[id] {
            ran = true
            // It stays scheduled even if it throws and the task continues.
            defer {
                if schedule.handle.isCancelled {
                    schedules[id] = nil
                } else {
                    schedule.next = schedule.next.next(every: schedule.interval, after: now)
                    schedules[id] = schedule
                    order.insert(queue: id, timestampMs: schedule.next.ms)
                }
            }
            try schedule.action(now)
        }
        return ran
    }

    func removeAll() {
        schedules = [:]
        order.removeAll()
    }
}
