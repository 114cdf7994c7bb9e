/// The state of a transactional id, with Kafka's names.
package enum TransactionState: UInt8, Sendable {
    case empty = 0
    case ongoing = 1
    case completeCommit = 4
    case completeAbort = 5

    /// Its name in ListTransactions and DescribeTransactions.
    package var name: String {
        switch self {
        case .empty: "Empty"
        case .ongoing: "Ongoing"
        case .completeCommit: "CompleteCommit"
        case .completeAbort: "CompleteAbort"
        }
    }

    /// The names of all states that Kafka has; a cluster of one node is never seen in the others.
    package static let knownNames: Set<String> = [
        "Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead",
        "PrepareEpochFence",
    ]
}

/// A transactional id as DescribeTransactions answers it.
package struct TransactionDescription: Hashable, Sendable {
    package var transactionalID: String
    package var producer: ProducerIdentity
    package var timeoutMs: Int32
    package var state: TransactionState
    /// The time at which the open transaction's first partition was added; -1 without one.
    package var startMs: Int64
    package var partitions: [TopicPartition]
}
