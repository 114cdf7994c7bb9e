package import Millrace

/// Makes spans of what a worker does. It belongs to one worker and its thread. A worker that has none traces nothing, and pays
/// nothing for it.
package protocol TracePort: AnyObject {
    /// The time in nanoseconds since the epoch, as spans have it.
    var now: UInt64 { get }

    /// Begins the span of a record that is about to be processed.
    ///
    /// - Returns: `nil` for a record that is not sampled.
    func begin(_ record: RawRecord, task: String) -> (any RecordSpan)?

    /// Records the span of a poll, of a batch, or of a commit that has ended. A poll without records makes no span, but it begins a
    /// new step.
    func add(_ work: TracedWork)
}

/// The span of a record. What is produced for the record continues its trace.
package protocol RecordSpan: AnyObject {
    /// Runs the body with the span as the one that user code sees as current.
    func activate(_ body: () throws -> Void) rethrows

    /// Puts the span's context into the headers of a record that is produced, in place of any other context. All other headers stay.
    func propagate(into headers: inout Headers)

    /// Notes the error. Only the first one counts.
    func fail(_ error: any Error)

    func end()
}

/// Work on many records that has ended.
package struct TracedWork {
    /// The operations on batches, by their names in OpenTelemetry's conventions for messaging.
    package enum Operation: String, Sendable {
        case poll
        case process
        case commit
        /// The uncommitted work was dropped, to be done again.
        case abort
    }

    package var operation: Operation
    /// The partitions that the work was about.
    package var partitions: [TopicPartition] = []
    /// The number of records; `nil` if it is not known.
    package var recordCount: Int?
    /// The task, if the work was one task's.
    package var task: String?
    /// The time at which the work began, in nanoseconds since the epoch.
    package var begun: UInt64
    package var error: (any Error)?

    package init(
        _ operation: Operation, partitions: [TopicPartition] = [], recordCount: Int? = nil, task: String? = nil,
        begun: UInt64, error: (any Error)? = nil
    ) {
        self.operation = operation
        self.partitions = partitions
        self.recordCount = recordCount
        self.task = task
        self.begun = begun
        self.error = error
    }
}
