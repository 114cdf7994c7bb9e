import Millrace

extension StreamsConfiguration {
    /// What is wrong with settings that do not go together.
    func contradictions() -> [String] {
        guard guarantee == .exactlyOnce, commitIntervalMs >= effectiveTransactionTimeoutMs else { return [] }
        return [
            "commit interval: \(commitIntervalMs) ms is not below the transaction timeout of "
                + "\(effectiveTransactionTimeoutMs) ms"
        ]
    }

    /// The transaction timeout that the producer gets: the raw setting goes over the field.
    private var effectiveTransactionTimeoutMs: Int64 {
        let raw = clientSettings.producer["transaction.timeout.ms"] ?? clientSettings.common["transaction.timeout.ms"]
        return raw.flatMap { Int64($0) } ?? transactionTimeout.milliseconds
    }
}
