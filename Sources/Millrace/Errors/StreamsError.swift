/// An error of a topology or of the instance that runs it, with the place where it happened.
public struct StreamsError: Error, CustomStringConvertible {
    /// The kind of an error. More codes may be added, so match with a default case.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The topology cannot be built as it was written.
        public static let invalidTopology = Code(rawValue: "invalid topology")
        /// Bytes could not be read as the type that the source names.
        public static let deserialization = Code(rawValue: "deserialization")
        /// A closure of the topology threw.
        public static let processing = Code(rawValue: "processing")
        /// A record could not be written.
        public static let production = Code(rawValue: "production")
        /// A record has, or a processor or a timestamp extractor has given one, a negative timestamp.
        public static let invalidTimestamp = Code(rawValue: "invalid timestamp")
        /// A state store failed, or its directory is in use.
        public static let stateStore = Code(rawValue: "state store")
        /// Another worker of this process still uses a task's state and is releasing it: try again shortly.
        public static let locked = Code(rawValue: "locked")
        /// A topic is missing or is not configured as the topology needs it.
        public static let topic = Code(rawValue: "topic")
        /// The broker refused a request, or cannot be reached.
        public static let broker = Code(rawValue: "broker")
        /// Another instance has replaced this one.
        public static let fenced = Code(rawValue: "fenced")
        /// Another instance already runs another topology under the same application id.
        public static let otherTopology = Code(rawValue: "other topology")
        /// The application was asked to stop, and some of it did not close in time. Kafka: `KafkaStreams.close(Duration)`,
        /// which returns `false`.
        public static let closeTimedOut = Code(rawValue: "close timed out")
        /// A buffer of suppressed results is full, and is configured to stop the instance when it is.
        public static let bufferFull = Code(rawValue: "buffer full")
        /// A query names a store that the topology does not have. Kafka: `UnknownStateStoreException`.
        public static let storeUnknown = Code(rawValue: "unknown store")
        /// A query expects a store of another kind or with other types.
        public static let storeMismatch = Code(rawValue: "other kind of store")
        /// A store cannot be read yet, because the application has not been started or the store is being restored: try again
        /// later. Kafka: `StreamsNotStartedException`, `StreamsRebalancingException`.
        public static let storeUnavailable = Code(rawValue: "store not available")
        /// Another instance owns the partition of a store that a query needs. Kafka: `StateStoreMigratedException`,
        /// `InvalidStateStorePartitionException`.
        public static let storeElsewhere = Code(rawValue: "store elsewhere")
        /// A read asked for a position that the store has not reached in time; the error's `position` is the one that it has
        /// reached. Kafka: `FailureReason.NOT_UP_TO_BOUND`.
        public static let positionNotReached = Code(rawValue: "position not reached")
        /// A read asked for a position in topics that the store's own tasks do not read.
        public static let positionMismatch = Code(rawValue: "position of other topics")
        /// The changes of a store were asked for that has no changelog.
        public static let noChangelog = Code(rawValue: "no changelog")
        /// A stream of changes was to begin at a position whose changes the changelog does not have any more; the error's
        /// `position` is the earliest one that it has.
        public static let positionGone = Code(rawValue: "position gone")
        /// The topology has no such sub-topology, or none with tasks.
        public static let subtopologyUnknown = Code(rawValue: "unknown sub-topology")
        /// The instance has no thread with this number.
        public static let threadUnknown = Code(rawValue: "unknown thread")
        /// The only thread of an instance cannot be removed.
        public static let lastThread = Code(rawValue: "last thread")
        /// A setting is wrong.
        public static let configuration = Code(rawValue: "configuration")
        /// A call was made that the instance's present state does not allow.
        public static let illegalState = Code(rawValue: "illegal state")
    }

    /// The kind of error, to match on.
    public let code: Code
    /// The description of what happened, for people.
    public package(set) var message: String
    /// The operator, by its name in `Topology.describe()`.
    public var node: String?
    /// The names of the stores that the operator uses.
    public package(set) var stores: [String] = []
    /// The record that was being processed.
    public var record: RecordMetadata?
    /// The task, as `<sub-topology>_<partition>`.
    public var task: String?
    /// The position of a store that did not reach the requested one.
    public var position: Position?
    /// The error that caused this one.
    public var underlying: (any Error)?
    /// Whether the error's handler has decided that it ends the task. Operators upstream pass it on.
    package var isDecided = false

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: the kind of error.
    ///   - message: what happened, and the remedy if it is known.
    ///   - node: the operator, by its name in `Topology.describe()`.
    ///   - record: the record that was being processed.
    ///   - task: the task, as `<sub-topology>_<partition>`.
    ///   - underlying: the error that caused this one.
    public init(
        _ code: Code, _ message: String, node: String? = nil, record: RecordMetadata? = nil, task: String? = nil,
        underlying: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.node = node
        self.record = record
        self.task = task
        self.underlying = underlying
    }

    public var description: String {
        var text = "\(code.rawValue): \(message)"
        if let node { text += " [node \(node)]" }
        if !stores.isEmpty { text += " [\(stores.count == 1 ? "store" : "stores") \(stores.joined(separator: ", "))]" }
        if let record { text += " [topic \(record.topic), partition \(record.partition), offset \(record.offset)]" }
        if let task { text += " [task \(task)]" }
        if let underlying { text += " because of \(underlying)" }
        return text
    }
}
