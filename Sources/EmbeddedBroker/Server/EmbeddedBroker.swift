package import ClusterCore
import Logging
import NIOCore
import NIOPosix

/// A Kafka broker of one node inside this process: for tests, demos and development.
///
/// It speaks the Kafka protocol to any client, and keeps its records in memory, or with a data directory on disk. It runs on
/// one separate thread; another one reads old records from the disk.
package final class EmbeddedBroker: Sendable {
    /// The address it listens on.
    package let host: String
    /// The port it listens on, also after ``restart()``.
    package let port: Int
    private let server: BrokerServer
    private let group: MultiThreadedEventLoopGroup

    /// The value for clients' `bootstrap.servers`.
    package var bootstrapServers: String {
        let reachable = host == "0.0.0.0" ? "127.0.0.1" : BrokerAddress.isWildcard(host) ? "::1" : host
        return BrokerAddress(host: reachable, port: port).description
    }

    /// The address on which it listens, as HOST:PORT, an IPv6 address in brackets.
    package var listenAddress: String { BrokerAddress(host: host, port: port).description }

    /// Starts a broker. When this returns, it listens.
    ///
    /// - Throws: if the port is taken; ``JournalFailure`` if the data directory cannot be used.
    package static func start(
        _ configuration: EmbeddedBrokerConfiguration = EmbeddedBrokerConfiguration()
    ) async throws -> EmbeddedBroker {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let server = BrokerServer(configuration, loop: group.next())
            let port = try await server.start()
            if !BrokerAddress.isLoopback(configuration.host) {
                configuration.logger.warning(
                    "listening on \(configuration.host) WITHOUT authentication: whoever reaches this machine's port \(port) can read and change everything"
                )
            }
            return EmbeddedBroker(host: configuration.host, port: port, server: server, group: group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(host: String, port: Int, server: BrokerServer, group: MultiThreadedEventLoopGroup) {
        self.host = host
        self.port = port
        self.server = server
        self.group = group
    }

    /// Closes all connections and stops permanently.
    package func stop() async throws {
        try await server.stop()
        try await group.shutdownGracefully()
    }

    // MARK: Faults

    /// Injects a fault, from now on.
    package func inject(_ fault: BrokerFault) async throws {
        try await server.withBroker { $0.faults.add(fault, nowMs: $0.nowMs) }
    }

    /// Removes the injected faults that have not happened yet.
    package func clearFaults() async throws {
        try await server.withBroker { $0.faults.clear() }
    }

    /// Makes the node answer NOT_COORDINATOR for some time, as while another node takes over.
    ///
    /// - Parameter apis: the coordinator's requests; by default those of groups and of transactions.
    package func moveCoordinator(
        of apis: Set<API> = .coordinators, forMs durationMs: Int64
    ) async throws {
        var fault = BrokerFault(.error(.notCoordinator), of: apis)
        fault.times = nil
        fault.lastsMs = durationMs
        try await inject(fault)
    }

    /// Stops at once, as if killed. Connections break, and everything that is not in the data directory is lost; without a
    /// directory, everything.
    package func crash() async throws {
        try await server.stop()
    }

    /// Starts again after ``crash()``, on the same port, with the contents of the data directory.
    package func restart() async throws {
        _ = try await server.start(port: port)
    }

    // MARK: For tests

    /// The number of connected clients.
    package func connectionCount() async throws -> Int {
        try await server.withBroker(\.connectionCount)
    }

    /// The transactions that are open now.
    package func openTransactions() async throws -> [TransactionDescription] {
        try await server.withBroker { $0.cluster.listTransactions().filter { $0.state == .ongoing } }
    }

    /// The number of injected faults that have not happened yet or still last.
    package func faultsToCome() async throws -> Int {
        try await server.withBroker { $0.faults.count(nowMs: $0.nowMs) }
    }
}
