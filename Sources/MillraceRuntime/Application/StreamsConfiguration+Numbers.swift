import Millrace

extension StreamsConfiguration {
    /// What is wrong with the numbers and times, by themselves and with each other.
    func numberProblems() -> [String] {
        let numbers: [String?] = [
            Self.problem("threads", threads, in: 1...Self.most),
            Self.problem("state cache", stateCacheSizeInBytes, in: 0...Int.max, unit: " bytes"),
            Self.problem("buffered records per partition", maxBufferedRecordsPerPartition, in: 1...Self.most),
            Self.problem(
                "buffered bytes per partition", maxBufferedSizeInBytesPerPartition, in: 1...Int.max, unit: " bytes"),
            Self.problem("standby replicas", standbyReplicas, in: 0...Self.most),
            replicationFactor == 0 || replicationFactor < -1
                ? "replication factor: \(replicationFactor), but it has to be at least 1, or −1" : nil,
            Self.problem("commit interval", commitInterval, fromMs: 0),
            Self.problem("checkpoint interval", checkpointInterval, fromMs: 0),
            Self.problem("state cleanup delay", stateCleanupDelay, fromMs: 0),
            Self.problem("metadata max age", metadataMaxAge, fromMs: 1),
            Self.problem("connect timeout", connectTimeout, fromMs: 1),
            Self.problem("close timeout", closeTimeout, fromMs: 0),
            Self.problem("transaction timeout", transactionTimeout, fromMs: Self.shortestTransactionTimeoutMs),
        ]
        return numbers.compactMap { $0 } + contradictions()
    }

    private func contradictions() -> [String] {
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

    private static func problem(
        _ name: String, _ value: Int, in range: ClosedRange<Int>, unit: String = ""
    ) -> String? {
        if value < range.lowerBound { return "\(name): \(value)\(unit), but at least \(range.lowerBound) is needed" }
        return value > range.upperBound ? "\(name): \(value)\(unit), but at most \(range.upperBound) is possible" : nil
    }

    private static func problem(_ name: String, _ time: Duration?, fromMs shortestMs: Int64) -> String? {
        guard let time else { return nil }
        if time < .milliseconds(shortestMs) { return "\(name): \(time), but at least \(shortestMs) ms is needed" }
        return time > .milliseconds(most)
            ? "\(name): \(time), but at most \(most) ms is possible, about 24 days" : nil
    }

    /// The largest number that librdkafka takes, and the longest time in milliseconds.
    private static let most = Int(Int32.max)
    /// librdkafka's lower bound of `transaction.timeout.ms`.
    private static let shortestTransactionTimeoutMs: Int64 = 1_000
}
