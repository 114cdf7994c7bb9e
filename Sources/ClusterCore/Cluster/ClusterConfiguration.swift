/// The settings that are fixed for the life of a ``Cluster``, with Kafka's defaults unless said otherwise.
package struct ClusterConfiguration: Sendable {
    /// The only node's id, Kafka's `node.id`. Default 1.
    package var nodeID: Int32 = 1
    /// Seeds member ids, topic ids and the cluster's id. A restarted cluster should get another seed than before, so
    /// that it hands out no member id twice.
    package var identifierSeed: UInt64 = 1
    /// Whether changes are collected for ``Cluster/takeChanges()``. Default true.
    package var recordsChanges = true
    /// Partitions of a topic created with -1 partitions, `num.partitions`. Default 1.
    package var defaultPartitionCount: Int32 = 1
    /// Only described: creating a missing topic is the server's decision, `auto.create.topics.enable`. Default false,
    /// unlike Kafka's.
    package var createsTopicsAutomatically = false

    /// The number of partitions that one request may create, like the `MAX_PARTITIONS_PER_BATCH` of Kafka's controller.
    package var maxNewPartitionsPerRequest = 10_000
    /// The number of partitions that all topics may have together. Kafka has no such limit; here one process holds them all.
    package var maxPartitions = 100_000

    /// The largest record batch a topic without its own `max.message.bytes` takes, in bytes.
    package var maxMessageBytes: Int32 = 1_048_588
    /// The interval at which retention checks the logs, `log.retention.check.interval.ms`.
    package var logCleanupIntervalMs: Int64 = 300_000
    /// The interval at which compaction checks whether a log is dirty enough, `log.cleaner.backoff.ms`.
    package var logCleanerBackoffMs: Int64 = 15_000
    /// The time that a partition remembers an idempotent producer that writes nothing, `producer.id.expiration.ms`.
    package var producerIDExpirationMs: Int64 = 86_400_000

    /// The largest transaction timeout a producer may ask for, `transaction.max.timeout.ms`.
    package var maxTransactionTimeoutMs: Int32 = 900_000
    /// The time that an unused transactional id is remembered, `transactional.id.expiration.ms`.
    package var transactionalIDExpirationMs: Int64 = 604_800_000

    /// `group.min.session.timeout.ms`.
    package var minSessionTimeoutMs: Int32 = 6_000
    /// `group.max.session.timeout.ms`.
    package var maxSessionTimeoutMs: Int32 = 1_800_000
    /// The time that an empty group waits for more members, `group.initial.rebalance.delay.ms`. Default 0: the first member
    /// starts at once (Kafka: 3,000).
    package var initialRebalanceDelayMs: Int32 = 0
    /// `group.max.size`.
    package var maxGroupSize = Int(Int32.max)
    /// The number of protocols that a member may offer. Kafka has no such limit; its clients offer one for each assignor.
    package var maxProtocolsPerMember = 64
    /// The most bytes of metadata a member may join with, and of assignments a leader may send. Kafka keeps a group in
    /// one record of its offsets topic, so `max.message.bytes` of that topic bounds both there.
    package var maxGroupMetadataBytes = 1_048_588
    /// The longest text a committed offset may carry, `offset.metadata.max.bytes`.
    package var maxOffsetMetadataBytes = 4_096
    /// The time that offsets outlive their group's last member, `offsets.retention.minutes`.
    package var offsetsRetentionMs: Int64 = 604_800_000

    package init() {}
}
