/// The transactional ids that ListTransactions asks for.
///
/// Source: `kafka.coordinator.transaction.TransactionStateManager.listTransactionStates`, KIP-664 and KIP-994.
package struct TransactionFilter: Sendable {
    /// Names of states; empty takes all.
    package var states: Set<String> = []
    /// Empty takes all.
    package var producerIDs: Set<Int64> = []
    /// Takes transactions that began longer ago; below 0 takes all. Ids without a transaction count as begun before all
    /// time, as in Kafka.
    package var durationMs: Int64 = -1

    package init() {}

    func includes(_ transaction: TransactionDescription, nowMs: Int64) -> Bool {
        if !producerIDs.isEmpty, !producerIDs.contains(transaction.producer.producerID) { return false }
        if !states.isEmpty, !states.contains(transaction.state.name) { return false }
        return durationMs < 0 || nowMs.milliseconds(since: transaction.startMs) > durationMs
    }
}
