/// The state of an application. Kafka: `KafkaStreams.State`.
public enum ApplicationState: String, Sendable, Hashable {
    /// Created, but not started.
    case created
    /// Started; its workers are waiting for an assignment or restoring their stores.
    case rebalancing
    /// All workers run.
    case running
    /// Asked to stop: it commits, closes its stores and leaves the group.
    case pendingShutdown
    /// Stopped because it was asked to.
    case notRunning
    /// Ending because of an error.
    case pendingError
    /// Ended by an error.
    case error

    /// Whether the application has ended, with or without an error.
    public var isFinal: Bool { self == .notRunning || self == .error }

    /// The states that may follow.
    private var successors: Set<ApplicationState> {
        switch self {
        case .created: [.rebalancing, .pendingShutdown, .pendingError]
        case .rebalancing: [.running, .pendingShutdown, .pendingError]
        case .running: [.rebalancing, .pendingShutdown, .pendingError]
        case .pendingShutdown: [.notRunning, .pendingError]
        case .pendingError: [.error]
        case .notRunning, .error: []
        }
    }

    /// Moves to the next state if that is allowed, and returns whether it was.
    mutating func move(to next: ApplicationState) -> Bool {
        guard successors.contains(next) else { return false }
        self = next
        return true
    }
}

/// The response to an error that has ended a worker thread. Kafka: `StreamThreadExceptionResponse`.
public enum UncaughtErrorResponse: Sendable, Hashable {
    /// Start another worker in its place. It processes again whatever was not committed.
    case replaceThread
    /// Stop this instance. Other instances take over its tasks.
    case shutdownClient
}
