import Millrace

extension StreamsConfiguration {
    /// Returns the problems of settings that contradict each other.
    func contradictions() -> [String] {
        guard guarantee == .exactlyOnce, commitIntervalMs >= effectiveTransactionTimeoutMs else { return [] }
        return [
            "commit interval: \(commitIntervalMs) ms is not below the transaction timeout of "
                + "\(effectiveTransactionTimeoutMs) ms"
        ]
    }

    /// The transaction timeout that the producer gets. The raw setting overrides the field.
    private var effectiveTransactionTimeoutMs: Int64 {
        let raw = clientSettings.producer["transaction.timeout.ms"] ?? clientSettings.common["transaction.timeout.ms"]
        return raw.flatMap { Int64($0) } ?? transactionTimeout.milliseconds
    }
}
