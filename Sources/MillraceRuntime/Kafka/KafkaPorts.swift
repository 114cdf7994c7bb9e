import KafkaClient
package import Logging
package import Millrace
package import MillraceEngine

/// The clients of a Kafka cluster for those who run tasks of another kind than a topology's. Each client belongs to the thread that makes
/// it, except the admin client.
package struct KafkaPorts: Sendable {
    private var configuration: StreamsConfiguration
    private let logger: Logger
    /// The machine's clock.
    package let clock: any WallClock & Sendable = SystemClock()

    /// - Parameter clientSettings: settings of librdkafka for every client.
    package init(bootstrapServers: [String], clientSettings: [String: String], logger: Logger) {
        // The name and the directory are a topology's; each client gets its group below.
        configuration = StreamsConfiguration(
            applicationID: "", bootstrapServers: bootstrapServers, stateDirectory: "")
        var clientSettings = clientSettings
        // A process that was killed gives its tasks up soon, as a worker of Kafka Connect does. It is a setting of consumers only.
        let sessionTimeoutMs = clientSettings.removeValue(forKey: "session.timeout.ms") ?? "10000"
        configuration.clientSettings.common = clientSettings
        configuration.clientSettings.consumer["session.timeout.ms"] = sessionTimeoutMs
        configuration.transactionTimeout = .seconds(60)
        self.logger = logger
    }

    private var timeoutMs: Int32 { Int32(clamping: configuration.connectTimeout.milliseconds) }
    private var log: ClientLogHandler { WorkerFactory.log(to: logger) }

    /// Makes a member of a group that reads committed records.
    package func makeMember(of group: String, clientID: String) throws(PortError) -> any GroupConsumer {
        var configuration = configuration
        configuration.applicationID = group
        return try KafkaConsumerPort(
            configuration.consumerSettings(clientID: clientID, worker: 0), role: .member, timeoutMs: timeoutMs,
            clock: clock, log: log)
    }

    /// Makes a reader of committed records that belongs to no group.
    ///
    /// - Parameter isForLong: whether it goes on reading, so that it should not ask the broker more often than there is something new.
    package func makeReader(clientID: String, isForLong: Bool = false) throws(PortError) -> any ReaderPort {
        var configuration = configuration
        configuration.applicationID = clientID
        return try KafkaConsumerPort(
            isForLong
                ? configuration.standbySettings(clientID: clientID) : configuration.restoreSettings(clientID: clientID),
            role: .restorer, timeoutMs: timeoutMs, clock: clock, log: log)
    }

    /// Makes a producer.
    ///
    /// - Parameter transactionalID: `nil` for a producer without transactions.
    package func makeProducer(clientID: String, transactionalID: String?) throws(PortError) -> any ProducerPort {
        var configuration = configuration
        configuration.guarantee = transactionalID == nil ? .atLeastOnce : .exactlyOnce
        return try KafkaProducerPort(
            configuration.producerSettings(clientID: clientID, transactionalID: transactionalID ?? ""),
            metadataMaxAge: TimeSpan(configuration.metadataMaxAge), clock: clock, log: log)
    }

    /// Makes an admin client, after a broker has answered it.
    package func makeAdmin(clientID: String) throws(PortError) -> any AdminPort & GroupOffsetsPort & Sendable {
        let admin = try KafkaAdminPort(
            configuration.adminSettings(clientID: clientID), timeoutMs: timeoutMs, log: log)
        try admin.checkConnection()
        return admin
    }
}

/// Tells the offsets that any group has committed. Calls block.
package protocol GroupOffsetsPort: AnyObject {
    /// Returns the offsets that a group has committed; none for a group that does not exist.
    func committedOffsets(of group: String) throws(PortError) -> [Millrace.TopicPartition: Int64]
}

extension KafkaAdminPort: GroupOffsetsPort {}
