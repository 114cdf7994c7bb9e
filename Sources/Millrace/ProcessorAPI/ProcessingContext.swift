/// What every processor can ask for, beside handing records on. Kafka: `ProcessingContext`.
///
/// ```swift
/// let last = try context.keyValueStore("last", key: .string, value: .string)
/// context.requestCommit()
/// ```
///
/// A context belongs to the task that made it and must not leave its thread.
public protocol ProcessingContext {
    /// The processor at work.
    var node: ProcessorNode { get }
}

extension ProcessingContext {
    /// Where the record that is being processed came from; `nil` inside a punctuation. Kafka: `recordMetadata()`.
    public var recordMetadata: RecordMetadata? { node.task.recordMetadata }

    /// The highest timestamp that the task has processed, in milliseconds; −1 before the first record.
    /// Kafka: `currentStreamTimeMs()`.
    public var streamTimeMs: Int64 { node.task.streamTimeMs }

    /// The time of day in milliseconds since the epoch; that of the test driver or the simulation there.
    /// Kafka: `currentSystemTimeMs()`.
    public var wallClockMs: Int64 { node.task.wallClockMs }

    /// The task, as `<sub-topology>_<partition>`.
    public var taskID: String { node.task.taskID }

    /// The application's id; in a test driver the one that it was given.
    public var applicationID: String { node.task.applicationID }

    /// Asks for a commit soon, without waiting for the commit interval. Kafka: `commit()`.
    public func requestCommit() { node.task.requestCommit() }

    /// Has a closure called again and again.
    ///
    /// ```swift
    /// context.schedule(every: .seconds(10), on: .streamTime) { timestampMs in print("it is", timestampMs) }
    /// ```
    ///
    /// On stream time it is called with the first record, whose time is at or after 0, and then once for every multiple of
    /// the interval that the stream's time reaches or passes; on the wall clock first when the interval has passed. Ticks that
    /// were missed are made up for by a single call, and those that follow stay where they were. Nothing is called before the
    /// task's stores are restored. Kafka: `ProcessingContext.schedule`, `PunctuationSchedule`.
    ///
    /// - Parameters:
    ///   - interval: at least a millisecond; anything finer is dropped. On the wall clock it is one of the time that
    ///     passes: setting the clock changes nothing.
    ///   - clock: whose time it is.
    ///   - action: gets that time in milliseconds. Inside there is no record, and so no metadata. What it throws goes
    ///     to the processing handler.
    /// - Returns: a handle to stop the calls with.
    /// - Throws: `StreamsError` with code `.configuration` where the interval is shorter than a millisecond.
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

/// Whose time decides when a punctuation is due. Kafka: `PunctuationType`.
public enum PunctuationType: Sendable, Hashable {
    /// The highest timestamp processed so far: it moves on with records only.
    case streamTime
    /// The time of day.
    case wallClockTime
}

/// A closure that is called again and again, until it is cancelled. Kafka: `Cancellable`.
public final class Punctuation {
    package private(set) var isCancelled = false

    package init() {}

    /// Stops the calls; also from within one.
    public func cancel() { isCancelled = true }
}
