package import ClusterCore
package import Logging

/// How an ``EmbeddedBroker`` is to run.
package struct EmbeddedBrokerConfiguration: Sendable {
    /// The address to listen on. Default 127.0.0.1: this machine only. There is no authentication: whoever reaches the
    /// address can read and change everything.
    package var host = "127.0.0.1"
    /// The address at which clients are told to connect. Default nil: the address at which their connection came in.
    package var advertisedAddress: BrokerAddress?
    /// The port to listen on; 0 takes any that is free. Default 0.
    package var port = 0
    /// Where everything acknowledged is kept, records on disk only but for the newest; nil keeps all in memory only. Default
    /// nil. One broker a directory.
    package var dataDirectory: String?
    /// When the journal is forced to the disk. Default ``JournalFlush/never``, like Kafka's.
    package var flush = JournalFlush.never
    /// After how many bytes, with the batches they refer to, a file of the journal is followed by a snapshot and the next.
    /// Default 128 MiB. A restart reads no more than about twice that.
    package var journalSizeInBytes = 128 << 20
    /// After how many bytes a segment of a partition is followed by the next, for topics without their own
    /// `segment.bytes`. Default 64 MiB.
    package var segmentSizeInBytes = 64 << 20
    /// How much of the newest batches stays in memory where there is a data directory. Default 24 MiB.
    package var cacheSizeInBytes = 24 << 20
    /// Whether asking for a topic's metadata creates it, where the client allows it. Default false, unlike Kafka's.
    package var createsTopicsAutomatically = false
    /// The largest request, `socket.request.max.bytes`. Default 100 MiB. A larger one gets its connection closed.
    package var maxRequestSizeInBytes = 100 << 20
    /// The cluster's own settings. What is said twice (`createsTopicsAutomatically`) is taken from here above.
    package var cluster = ClusterConfiguration()
    /// Topics to create at the start unless they exist.
    package var topics: [NewTopic] = []
    /// Where closed connections and failures are told. Default: a logger named `embedded-broker`.
    package var logger = Logger(label: "embedded-broker")
    /// Called, on the broker's thread, when it cannot go on, such as with a full disk: it has closed all connections.
    package var onFailure: (@Sendable (any Error) -> Void)?

    package init() {}
}

/// When the journal is forced to the disk. Every policy survives the end of the process, kill -9 included.
package enum JournalFlush: Hashable, Sendable {
    /// When the operating system likes; a machine that loses power may lose the last seconds.
    case never
    /// Before anything is acknowledged, like Kafka's `log.flush.interval.messages=1`.
    case always
    /// That often, like Kafka's `log.flush.interval.ms`.
    case every(milliseconds: Int64)
}
