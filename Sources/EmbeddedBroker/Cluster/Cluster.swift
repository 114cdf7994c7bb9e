/// A Kafka cluster of one node as a deterministic state machine: no I/O, no threads, no clock, no randomness.
///
/// Time comes in with every call as `nowMs`, milliseconds of whatever epoch the caller uses, never going back. Calls
/// are cheap and synchronous; the ones Kafka answers later (JoinGroup, SyncGroup) return a ``Deferred``, and
/// ``takeCompleted()`` hands out the answers when they are ready. Three queues are to be emptied after every call:
/// - ``takeChanges()``: what must be durable before the call is acknowledged, one unit to be written atomically;
/// - ``takeCompleted()``: deferred answers;
/// - ``takeAdvanced()``: partitions that have more to fetch, for long polls.
///
/// ``tick(nowMs:)`` does what time does; ``nextDeadlineMs`` says when it is needed next.
/// Semantics are those of Apache Kafka 4.0 with classic groups and transaction version 1 (KIP-98, not KIP-890's epoch
/// bump at each end), except that transactions complete within the call that ends them: CONCURRENT_TRANSACTIONS is
/// never answered.
package final class Cluster {
    package let configuration: ClusterConfiguration

    package init(configuration: ClusterConfiguration = ClusterConfiguration(), nowMs: Int64) {
        self.configuration = configuration
    }
}
