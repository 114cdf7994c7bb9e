package import ClusterCore

/// Something that goes wrong with requests of some kinds, on demand, for tests.
package struct BrokerFault: Sendable {
    package enum Effect: Hashable, Sendable {
        /// The request has no effect; all of its answer is this error.
        case error(KafkaErrorCode)
        /// The request takes effect that much later.
        case delay(milliseconds: Int64)
        /// The connection closes, and the request has no effect.
        case cutBefore
        /// The request takes effect, but the connection closes in place of the answer.
        case cutAfter
    }

    /// Which requests; empty for all.
    package var apis: Set<API>
    /// Only requests that name this topic; nil for any.
    package var topic: String?
    package var effect: Effect
    /// How many requests pass before the first is hit. Default 0.
    package var after = 0
    /// How many requests are hit; nil for no limit. Default 1.
    package var times: Int? = 1
    /// How long it lasts from when it was injected; nil for no limit. Default nil.
    package var lastsMs: Int64?

    package init(_ effect: Effect, of apis: Set<API> = [], topic: String? = nil) {
        self.effect = effect
        self.apis = apis
        self.topic = topic
    }
}

extension Set<API> {
    /// The requests that a group's coordinator answers.
    package static let groupCoordinator: Set<API> = [
        .joinGroup, .syncGroup, .heartbeat, .leaveGroup, .describeGroups, .deleteGroups, .offsetCommit, .offsetFetch,
        .offsetDelete, .txnOffsetCommit,
    ]
    /// The requests that the coordinator of a transactional id answers.
    package static let transactionCoordinator: Set<API> = [
        .initProducerID, .addPartitionsToTxn, .addOffsetsToTxn, .endTxn,
    ]
    /// Both.
    package static let coordinators = groupCoordinator.union(transactionCoordinator)
}
