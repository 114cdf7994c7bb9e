import MillraceConnect

/// The state of a connector or of one of its tasks, with Kafka Connect's names.
public enum ConnectorState: String, Sendable, Hashable, CaseIterable {
    /// It works, or tries again after a failure that may pass.
    case running = "RUNNING"
    /// Somebody has paused it, or its source waits for a consumer group that is behind.
    case paused = "PAUSED"
    /// An error has ended it, which only a restart or another configuration can change.
    case failed = "FAILED"
    /// No process works on it yet.
    case unassigned = "UNASSIGNED"
    /// It is about to begin anew.
    case restarting = "RESTARTING"
}

/// A connector as one process sees it.
public struct ConnectorStatus: Sendable, Hashable {
    /// The connector's name.
    public var name: String
    /// The kind's name, such as `postgres-source`.
    public var type: String
    /// Whether it is a source; otherwise it is a sink.
    public var isSource: Bool
    /// The state: failed if the source cannot be asked for its parts, paused if somebody has paused it.
    public var state: ConnectorState
    /// A sentence about what is wrong, or was wrong at the last attempt; `nil` for nothing.
    public var trouble: String?
    /// The parts of a source over all processes, in order; `nil` before the source has told them, and for a sink.
    public var parts: [String]?
    /// The lag, in records: of a sink's own group, or of the group that holds a source back; `nil` if it is not known, or there is no
    /// such group.
    public var lag: Int64?
    /// Whether a source waits for that group.
    public var isHeldBack = false
    /// The tasks of this process, in the order of their names.
    public var tasks: [ConnectorTaskStatus] = []

    /// Makes a status without tasks.
    ///
    /// - Parameters:
    ///   - name: the connector's name.
    ///   - type: the kind's name.
    ///   - isSource: whether it is a source; otherwise it is a sink.
    ///   - state: the state.
    ///   - trouble: what is wrong, or was wrong at the last attempt; `nil`, the default, for nothing.
    public init(name: String, type: String, isSource: Bool, state: ConnectorState, trouble: String? = nil) {
        self.name = name
        self.type = type
        self.isSource = isSource
        self.state = state
        self.trouble = trouble
    }
}

/// A task of a connector in this process: a part of a source, or all partitions of a sink that this process has.
public struct ConnectorTaskStatus: Sendable, Hashable {
    /// The name of the part of the source; the connector's name for a sink.
    public var name: String
    /// The state.
    public var state = ConnectorState.unassigned
    /// A sentence about what is wrong, or was wrong at the last attempt; `nil` for nothing.
    public var trouble: String?
    /// The records that were committed since this process has had the task.
    public var records = 0
    /// The bytes of the keys and values of these records.
    public var sizeInBytes = 0
    /// The commits since this process has had the task.
    public var commits = 0
    /// The failures since this process has had the task, whether they passed or not.
    public var failures = 0
    /// The records that the target refused and that went to the dead letters; 0 for a source.
    public var refused = 0
    /// The partitions of topics that a sink has in this process; 0 for a source.
    public var partitions = 0
    /// The time of the last record that was committed, in milliseconds since 1 January 1970, UTC; `nil` for none.
    public var lastRecordMs: Int64?
    /// The last position that was committed, in the source's own words; `nil` for none.
    public var position: String?
    /// The losses since this process has had the task: times at which records were gone before they were read, or may have been.
    public var losses = 0
    /// The records that were lost so, as far as their number is known.
    public var lostRecords = 0
    /// The time at which the last loss was noticed, in milliseconds since 1 January 1970, UTC; `nil` for none.
    public var lastLossMs: Int64?
    /// The number of records that the source has and that are not read yet; `nil` if the source does not tell.
    public var unread: Int?
    /// The number of records that the source can remove before it meets one that is not read; `nil` if it removes none, or does not tell.
    public var trimMargin: Int?

    /// Makes the status of a task that has not begun.
    ///
    /// - Parameter name: the name of the part of the source; the connector's name for a sink.
    public init(name: String) { self.name = name }

    mutating func add(_ losses: [RecordLoss], atMs nowMs: Int64) {
        if losses.isEmpty { return }
        self.losses += losses.count
        lostRecords += losses.reduce(0) { $0 + ($1.recordCount ?? 0) }
        lastLossMs = nowMs
    }
}
