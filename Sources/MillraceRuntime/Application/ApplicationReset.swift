import KafkaClient
import Logging
import Millrace
import MillraceEngine

/// Resets an application, so that it begins as if it had never run. Kafka: `kafka-streams-application-reset` and
/// `KafkaStreams.cleanUp`.
struct ApplicationReset {
    let topology: Topology
    let configuration: StreamsConfiguration
    let logger: Logger

    /// Deletes the state directory's contents, the topology's internal topics and the group with its offsets, in this order.
    /// Whatever does not exist any more is no error, so a reset that failed can be repeated.
    ///
    /// - Throws: `StreamsError` with code `.configuration`; `.illegalState` if the group has members; `.stateStore` if another
    ///   process uses the state directory; `.broker`.
    func run() throws {
        let problems = configuration.problems() + topology.problems(applicationID: configuration.applicationID)
        guard problems.isEmpty else { throw StreamsError(.configuration, problems.joined(separator: "; ")) }
        let id = configuration.applicationID
        let directory = try StateDirectory(configuration.stateDirectory, applicationID: id, logger: logger)
        defer { directory.close() }
        do {
            let admin = try makeAdmin()
            try admin.checkConnection()
            let members = try admin.describeGroup(id)?.members ?? []
            guard members.isEmpty else { throw hasMembers(members) }
            try directory.removeAllState()
            logger.info("deleted the local state", metadata: ["directory": "\(directory.path)"])
            let topics = topology.internalTopics(id).sorted()
            let deleted = try admin.deleteTopics(topics)
            logger.info(
                "deleted the application's own topics", metadata: ["topics": "\(deleted.joined(separator: " "))"])
            try admin.deleteGroup(id)
            logger.info("deleted the committed offsets", metadata: ["group": "\(id)"])
        } catch let error as PortError {
            throw StreamsError(.broker, "while resetting the application: \(error)")
        }
    }

    func makeAdmin() throws -> KafkaAdminPort {
        try KafkaAdminPort(
            configuration.adminSettings(clientID: "\(configuration.applicationID)-reset"),
            timeoutMs: Int32(clamping: configuration.connectTimeout.milliseconds)
        ) { [logger] line in logger.debug("\(line.message)", metadata: ["librdkafka": "\(line.facility)"]) }
    }

    private func hasMembers(_ members: [GroupMember]) -> StreamsError {
        let names = members.map(\.clientID).sorted().joined(separator: ", ")
        return StreamsError(
            .illegalState,
            "the group \(configuration.applicationID) has members: \(names). "
                + "Stop all instances before the application is reset; one that was killed counts as a member until its session "
                + "has timed out")
    }
}

extension StreamsApplication {
    /// Resets the application, so that its next start begins as if it had never run. It deletes this instance's local state, the
    /// topology's internal topics (changelogs, repartition topics) and the group with its committed offsets. Kafka:
    /// `kafka-streams-application-reset` and `KafkaStreams.cleanUp`.
    ///
    /// ```swift
    /// try await StreamsApplication(topology, configuration: configuration).reset()
    /// ```
    ///
    /// Stop all instances first, and delete the local state of the other instances on their machines. The input is then processed
    /// again from where its sources begin without an offset, and the results are written again. The topics that the application
    /// writes its results to are left unchanged.
    ///
    /// - Throws: `StreamsError` with code `.illegalState` if the application runs or the group has members; `.configuration`;
    ///   `.stateStore` if another process uses the state directory; `.broker`. After an error it can be called again.
    public func reset() async throws {
        let supervisor = supervisor
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            do {
                try startThread(named: "millrace-reset") {
                    continuation.resume(with: Result { try supervisor.reset() })
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
