/// The part of a processor's context that does not depend on its records. Kafka: `ProcessingContext`.
///
/// ```swift
/// let last = try context.keyValueStore("last", key: .string, value: .string)
/// context.requestCommit()
/// ```
///
/// A context belongs to the task that made it and must not leave its thread.
public protocol ProcessingContext {
    /// The processor that is running.
    var node: ProcessorNode { get }
}

extension ProcessingContext {
    /// The origin of the record that is being processed; `nil` inside a punctuation. Kafka: `recordMetadata()`.
    public var recordMetadata: RecordMetadata? { node.task.recordMetadata }

    /// The highest timestamp that the task has processed, in milliseconds; −1 before the first record.
    /// Kafka: `currentStreamTimeMs()`.
    public var streamTimeMs: Int64 { node.task.streamTimeMs }

    /// The time of day in milliseconds since the epoch; in a test driver or a simulation, its time. Kafka:
    /// `currentSystemTimeMs()`.
    public var wallClockMs: Int64 { node.task.wallClockMs }

    /// The task, as `<sub-topology>_<partition>`.
    public var taskID: String { node.task.taskID }

    /// The application's id; in a test driver the one that it was given.
    public var applicationID: String { node.task.applicationID }

    /// Requests a commit soon, without waiting for the commit interval. Kafka: `commit()`.
    public func requestCommit() { node.task.requestCommit() }

    /// Schedules repeated calls of a closure.
    ///
    /// ```swift
    /// context.schedule(every: .seconds(10), on: .streamTime) { timestampMs in print("it is", timestampMs) }
    /// ```
    ///
    /// On stream time, the first call is with the first record, whose time is at or after 0; then there is one call for
    /// every multiple of the interval that stream time reaches or passes. On the wall clock, the first call is when the
    /// interval has passed. A single call makes up for missed ticks, and the later ticks keep their times. Nothing is called
    /// until the task's stores are restored. Kafka: `ProcessingContext.schedule`, `PunctuationSchedule`.
    ///
    /// - Parameters:
    ///   - interval: at least a millisecond; fractions of a millisecond are dropped. On the wall clock it measures the time
    ///     that passes: setting the clock has no effect.
    ///   - clock: the clock that decides when the closure is called.
    ///   - action: gets that clock's time in milliseconds. During the call there is no record, and so no metadata. Its
    ///     errors go to the processing handler.
    /// - Returns: a handle that can stop the calls.
    /// - Throws: `StreamsError` with code `.configuration` if the interval is shorter than a millisecond.
    @discardableResult
    public func schedule(
        every interval: Duration, on clock: PunctuationType, _ action: @escaping (_ timestampMs: Int64) throws -> Void
    ) throws -> Punctuation {
        let intervalMs = interval.wholeMilliseconds
        guard intervalMs >= 1 else {
            throw StreamsError(
                .configuration, "\(interval) is no interval: the shortest is a millisecond", node: node.name)
        }
        let node = node
        return node.task.schedule(everyMs: intervalMs, on: clock) { timestampMs in
            try node.task.attempt(at: node.name) {
                try node.call(timestampMs: timestampMs) { try action(timestampMs) }
            }
        }
    }
}

/// The clock that decides when a punctuation is due. Kafka: `PunctuationType`.
public enum PunctuationType: Sendable, Hashable {
    /// The highest timestamp processed so far, which advances with records only.
    case streamTime
    /// The time of day.
    case wallClockTime
}

/// A closure that is called repeatedly until it is cancelled. Kafka: `Cancellable`.
public final class Punctuation {
    package private(set) var isCancelled = false

    package init() {}

    /// Stops the calls. It may be called during one.
    public func cancel() { isCancelled = true }
}
