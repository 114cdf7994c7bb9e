/// Where an application stands. Kafka: `KafkaStreams.State`.
public enum ApplicationState: String, Sendable, Hashable {
    /// Made, but not started.
    case created
    /// Started; its workers are being given tasks or fill their stores.
    case rebalancing
    /// All workers run.
    case running
    /// Was asked to stop: commits, closes and leaves the group.
    case pendingShutdown
    /// Has stopped as it was asked to.
    case notRunning
    /// An error is ending it.
    case pendingError
    /// An error has ended it.
    case error

    /// Whether it has ended, one way or the other.
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

    /// Moves on where that is allowed, and says whether it was.
    mutating func move(to next: ApplicationState) -> Bool {
        guard successors.contains(next) else { return false }
        self = next
        return true
    }
}

/// What to do about an error that has ended a worker thread. Kafka: `StreamThreadExceptionResponse`.
public enum UncaughtErrorResponse: Sendable, Hashable {
    /// Start another worker in its place. It processes again what was not committed.
    case replaceThread
    /// Stop this instance; others take its tasks over.
    case shutdownClient
}
