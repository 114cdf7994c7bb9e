package import ClusterCore
package import Logging

/// The settings of an ``EmbeddedBroker``.
package struct EmbeddedBrokerConfiguration: Sendable {
    /// The address to listen on. Default 127.0.0.1: this machine only. There is no authentication: anyone who reaches the
    /// address can read and change everything.
    package var host = "127.0.0.1"
    /// The address at which clients are told to connect. Default nil: the address at which their connection came in.
    package var advertisedAddress: BrokerAddress?
    /// The port to listen on; 0 for any free one. Default 0.
    package var port = 0
    /// The directory that keeps everything acknowledged; only the newest records are also in memory. Nil keeps everything in
    /// memory only. Default nil. Only one broker may use a directory.
    package var dataDirectory: String?
    /// The policy that forces the journal to the disk. Default ``JournalFlush/never``, like Kafka's.
    package var flush = JournalFlush.never
    /// The size of a file of the journal, including the batches that it refers to, after which a snapshot and the next file
    /// follow. Default 128 MiB. A restart reads no more than about twice that.
    package var journalSizeInBytes = 128 << 20
    /// The size of a partition's segment after which the next one begins, for topics without `segment.bytes`. Default 64 MiB.
    package var segmentSizeInBytes = 64 << 20
    /// The size of the newest batches that stay in memory if there is a data directory. Default 24 MiB.
    package var cacheSizeInBytes = 24 << 20
    /// Whether a request for a topic's metadata creates it, if the client allows that. Default false, unlike Kafka's.
    package var createsTopicsAutomatically = false
    /// The largest request, `socket.request.max.bytes`. Default 100 MiB. The broker closes the connection of a larger one.
    package var maxRequestSizeInBytes = 100 << 20
    /// The cluster's settings. Of a setting in both places (`createsTopicsAutomatically`) the value above counts.
    package var cluster = ClusterConfiguration()
    /// The topics to create at the start unless they exist.
    package var topics: [NewTopic] = []
    /// The logger of closed connections and failures. Default: a logger named `embedded-broker`.
    package var logger = Logger(label: "embedded-broker")
    /// Called on the broker's thread when the broker cannot continue, for instance with a full disk. It has closed all
    /// connections by then.
    package var onFailure: (@Sendable (any Error) -> Void)?

    package init() {}
}

/// The policies that force the journal to the disk. With every policy the journal survives the end of the process, kill -9
/// included.
package enum JournalFlush: Hashable, Sendable {
    /// Whenever the operating system does it; a machine that loses power may lose the last seconds.
    case never
    /// Before anything is acknowledged, like Kafka's `log.flush.interval.messages=1`.
    case always
    /// At this interval, like Kafka's `log.flush.interval.ms`.
    case every(milliseconds: Int64)
}
