package import KafkaClient
import Millrace
package import MillraceRuntime

package typealias TopicPartition = KafkaClient.TopicPartition

/// The connection to a cluster. It makes the clients of all operations and says in one sentence why one of them fails.
package struct ClusterConnection: Sendable {
    package let bootstrapServers: [String]
    /// The longest wait for an answer of a broker, in milliseconds.
    package let timeoutMs: Int32
    /// The time without an answer after which the broker counts as gone.
    var patience: Duration { (TimeSpan(ms: Int64(timeoutMs)) * 3).duration }
    /// The moment after which every call fails with code `timeout`; nil for none.
    package var deadline: ContinuousClock.Instant?
    private let overrides: StreamsConfiguration.ClientOverrides

    /// Takes the brokers, the client settings and the time-out from a configuration.
    package init(_ configuration: StreamsConfiguration) {
        bootstrapServers = configuration.bootstrapServers
        overrides = configuration.clientSettings
        timeoutMs = max(1, TimeSpan(configuration.connectTimeout).timeoutMs)
    }

    /// Makes an admin client and waits for a broker's answer.
    ///
    /// - Throws: `.unreachable`, `.denied`.
    package func admin() throws(OperationError) -> KafkaAdmin {
        try kafka("connecting") { () throws(KafkaError) in
            let admin = try KafkaAdmin(settings("admin", overrides.admin))
            _ = try admin.brokers(timeoutMs: timeoutMs)
            return admin
        }
    }

    /// Makes a consumer that belongs to no group.
    func consumer(_ isolation: IsolationLevel) throws(OperationError) -> KafkaConsumer {
        var settings = settings("reader", overrides.consumer)
        settings["group.id"] = "millrace-command"
        settings["enable.auto.commit"] = "false"
        settings["enable.partition.eof"] = "true"
        settings["auto.offset.reset"] = "error"
        settings["isolation.level"] = isolation.rawValue
        settings["fetch.wait.max.ms"] = "50"
        settings["queued.max.messages.kbytes"] = "8192"
        settings["topic.metadata.propagation.max.ms"] = "5000"
        return try kafka("connecting") { () throws(KafkaError) in try KafkaConsumer(settings) }
    }

    /// Makes a transactional producer.
    func producer(transactionalID: String) throws(OperationError) -> KafkaProducer {
        var settings = settings("writer", overrides.producer)
        settings["partitioner"] = "murmur2_random"
        settings["enable.idempotence"] = "true"
        settings["transactional.id"] = transactionalID
        settings["transaction.timeout.ms"] = "10000"
        settings["linger.ms"] = "5"
        return try kafka("connecting") { () throws(KafkaError) in try KafkaProducer(settings) }
    }

    private func settings(_ role: String, _ specific: [String: String]) -> ClientSettings {
        var settings: ClientSettings = [
            "bootstrap.servers": bootstrapServers.joined(separator: ","), "client.id": "millrace-\(role)",
        ]
        for (name, value) in overrides.common.merging(specific, uniquingKeysWith: { $1 }) { settings[name] = value }
        return settings
    }

    /// Calls a client and says in a sentence what went wrong.
    func kafka<Value>(
        _ doing: String, _ body: () throws(KafkaError) -> Value
    ) throws(OperationError) -> Value {
        try checkDeadline()
        do { return try body() } catch {
            try checkDeadline()
            throw failure(error, doing)
        }
    }

    /// - Throws: `.busy` with code `timeout` if the deadline has passed.
    func checkDeadline() throws(OperationError) {
        if let deadline, ContinuousClock.now >= deadline {
            throw OperationError(.busy, "the time was over before the answer was known", code: "timeout")
        }
    }

    func failure(_ error: KafkaError, _ doing: String) -> OperationError {
        let servers = bootstrapServers.joined(separator: ", ")
        let reason = Self.oneLine(error.message)
        if error.code == .authentication || Self.isAboutAuthentication(reason) {
            return OperationError(.denied, "\(servers) does not accept the credentials: \(reason)")
        }
        if Self.authorizationCodes.contains(error.code.rawValue) {
            return OperationError(.denied, "\(doing): the broker does not allow it: \(reason)")
        }
        if error.isBrokerUnreachable || error.code == .timedOut || error.code == .requestTimedOut {
            return OperationError(
                .unreachable, "no broker answers at \(servers), while \(doing): \(Self.cause(reason))")
        }
        if error.code == .fenced || error.code == .producerFenced || error.code == .invalidProducerEpoch {
            return OperationError(.busy, "\(doing): another process has taken over; nothing was done twice")
        }
        let kind: OperationError.Kind =
            [.unknownTopicOrPartition, .unknownTopicLocally, .unknownPartition].contains(error.code)
            ? .missing : .failed
        return OperationError(kind, "\(doing): \(reason) (\(error.code))")
    }

    /// TOPIC_, GROUP_, CLUSTER_ and TRANSACTIONAL_ID_AUTHORIZATION_FAILED.
    private static let authorizationCodes: Set<Int32> = [29, 30, 31, 53]

    private static func isAboutAuthentication(_ reason: String) -> Bool {
        ["SASL", "Authentication", "authentication"].contains { reason.contains($0) }
    }

    /// The system's words for a connection that failed, out of librdkafka's, which name its own states; all of them if there are none.
    private static func cause(_ reason: String) -> String {
        reason.firstMatch(of: #/ failed: ([^()]+) \(after /#).map { String($0.1) } ?? reason
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

extension ClusterConnection {
    /// The partitions of a topic, in order.
    ///
    /// - Throws: `.missing` if the topic does not exist.
    package func partitions(of topic: String, _ admin: KafkaAdmin) throws(OperationError) -> [TopicPartition] {
        let found = try partitionCounts(of: [topic], admin)
        guard let count = found[topic] else {
            throw OperationError(.missing, "there is no topic \(topic) at \(bootstrapServers.joined(separator: ", "))")
        }
        return (0..<count).map { TopicPartition(topic, $0) }
    }

    /// The user's topics that a topology reads: those that it names, and those that its patterns match now.
    func sourceTopics(
        of topology: Topology, applicationID: String, _ admin: KafkaAdmin
    ) throws(OperationError) -> Set<String> {
        let named = Set(topology.sourceTopics)
        guard topology.hasSourcePatterns else { return named }
        let names = try kafka("listing topics") { () throws(KafkaError) in try admin.topicNames(timeoutMs: timeoutMs) }
        let patterns = topology.subtopologies.flatMap(\.sourcePatterns)
        return named.union(
            names.filter { name in
                !name.hasPrefix("\(applicationID)-") && patterns.contains { $0.matches(name) }
            })
    }

    /// The partition counts of those topics that exist.
    package func partitionCounts(of topics: [String], _ admin: KafkaAdmin) throws(OperationError) -> [String: Int32] {
        let described = try kafka("reading about topics") { () throws(KafkaError) in
            try admin.describeTopics(topics, timeoutMs: timeoutMs)
        }
        var counts: [String: Int32] = [:]
        for (name, result) in described {
            switch result {
            case .success(let topic): counts[name] = Int32(clamping: topic.partitions.count)
            case .failure(let error) where error.code == .unknownTopicOrPartition: break
            case .failure(let error): throw failure(error, "reading about topic \(name)")
            }
        }
        return counts
    }
}
