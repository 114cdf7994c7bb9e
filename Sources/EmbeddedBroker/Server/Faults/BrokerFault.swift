package import ClusterCore

/// A fault that tests inject into requests of some kinds.
package struct BrokerFault: Sendable {
    package enum Effect: Hashable, Sendable {
        /// The request has no effect and is answered with this error.
        case error(KafkaErrorCode)
        /// The request takes effect after this delay.
        case delay(milliseconds: Int64)
        /// The connection closes, and the request has no effect.
        case cutBefore
        /// The request takes effect, but the connection closes in place of the answer.
        case cutAfter
    }

    /// The requests that it hits; empty for all.
    package var apis: Set<API>
    /// Only requests that name this topic; nil for any.
    package var topic: String?
    package var effect: Effect
    /// The number of requests that pass before the first is hit. Default 0.
    package var after = 0
    /// The number of requests that are hit; nil for no limit. Default 1.
    package var times: Int? = 1
    /// The time that it lasts after its injection; nil for no limit. Default nil.
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
