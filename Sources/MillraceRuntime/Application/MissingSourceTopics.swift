import Glibc
import KafkaClient
import Logging
import Millrace
import MillraceEngine

/// The reaction of an instance to a source topic that does not exist.
public enum MissingSourceTopics: String, Sendable, Hashable, CaseIterable {
    /// The instance ends with an error of code `.topic` that names the topic. Kafka: `MissingSourceTopicException`.
    case fail
    /// The instance waits outside the group until the topic exists. It reads a topic that was deleted and created again from its
    /// start. `metrics.troubles` names the topic.
    case wait
}

/// The check that lets an application start only when all topics exist that its sources name.
struct SourceTopicGate {
    private let topology: Topology
    private let configuration: StreamsConfiguration
    private let logger: Logger

    init(_ topology: Topology, configuration: StreamsConfiguration, logger: Logger) {
        self.topology = topology
        self.configuration = configuration
        self.logger = logger
    }

    /// Waits until all source topics exist.
    ///
    /// - Parameters:
    ///   - waits: called with a message whenever the list of missing topics changes.
    ///   - isGivenUp: asked repeatedly; `true` ends the wait.
    /// - Returns: whether all topics exist; `false` means that the wait was ended.
    /// - Throws: `StreamsError` with code `.broker` if no broker answers the first question.
    func wait(_ waits: (String) -> Void, isGivenUp: () -> Bool) throws -> Bool {
        var told: [String]?
        while !isGivenUp() {
            do {
                let admin = try KafkaAdminPort(
                    configuration.adminSettings(clientID: "\(configuration.applicationID)-start"),
                    timeoutMs: Int32(clamping: configuration.connectTimeout.milliseconds),
                    log: WorkerFactory.log(to: logger))
                while !isGivenUp() {
                    let missing = try InternalTopics.missingSources(of: topology, admin: admin)
                    if missing.isEmpty { return true }
                    if missing != told {
                        let message = "waiting for topics that do not exist: \(missing.joined(separator: ", "))"
                        logger.warning("\(message)")
                        waits(message)
                        told = missing
                    }
                    usleep(200_000)
                }
            } catch {
                guard told != nil, error.kind == .retriable else {
                    let servers = configuration.bootstrapServers.joined(separator: ",")
                    throw StreamsError(
                        .broker, "while starting with the brokers at \(servers): \(error)", underlying: nil)
                }
                logger.warning("while waiting for topics: \(error)")
                usleep(200_000)
            }
        }
        return false
    }
}
