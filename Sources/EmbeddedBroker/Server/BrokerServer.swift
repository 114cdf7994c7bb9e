import ClusterCore
import Glibc
import Logging
import NIOCore
import NIOPosix
import RecordCompression

/// Starts and stops a ``Broker`` with its listening socket, any number of times.
final class BrokerServer: Sendable {
    /// The broker does not run.
    struct NotRunning: Error, CustomStringConvertible {
        let description = "the broker does not run"
    }

    private struct Running {
        var broker: Broker
        var channel: any Channel
    }

    private let configuration: EmbeddedBrokerConfiguration
    private let loop: any EventLoop
    private let running: NIOLoopBoundBox<Running?>
    private let faults: NIOLoopBoundBox<FaultPlan?>

    init(_ configuration: EmbeddedBrokerConfiguration, loop: any EventLoop) {
        var configuration = configuration
        configuration.cluster.createsTopicsAutomatically = configuration.createsTopicsAutomatically
        configuration.cluster.recordsChanges = configuration.dataDirectory != nil
        self.configuration = configuration
        self.loop = loop
        running = .makeEmptyBox(valueType: Running.self, eventLoop: loop)
        faults = .makeEmptyBox(valueType: FaultPlan.self, eventLoop: loop)
    }

    /// Reads the data directory and listens.
    ///
    /// - Parameter port: replaces the configured one.
    /// - Returns: the port it listens on.
    func start(port: Int? = nil) async throws -> Int {
        let address = try SocketAddress.makeAddressResolvingHost(configuration.host, port: port ?? configuration.port)
        let broker = try await loop.submit { NIOLoopBound(try self.makeBroker(), eventLoop: self.loop) }.get()
        do {
            return try await bootstrap(broker).bind(to: address).flatMapThrowing { channel in
                let port = channel.localAddress?.port ?? 0
                broker.value.port = port
                self.running.value = Running(broker: broker.value, channel: channel)
                return port
            }.get()
        } catch {
            try await loop.submit { broker.value.stop() }.get()
            guard let reason = error as? IOError else { throw error }
            throw ListenFailure(address: address, errorNumber: reason.errnoCode)
        }
    }

    /// Stops listening and closes all connections. Does nothing if it does not run.
    func stop() async throws {
        let closed = try await loop.submit { () -> EventLoopFuture<Void>? in
            guard let running = self.running.value else { return nil }
            self.running.value = nil
            running.broker.stop()
            return running.channel.close()
        }.get()
        try await closed?.get()
    }

    /// Calls `body` with the running broker, on its event loop.
    ///
    /// - Throws: ``NotRunning``.
    func withBroker<Value: Sendable>(_ body: @escaping @Sendable (Broker) throws -> Value) async throws -> Value {
        try await loop.submit {
            guard let broker = self.running.value?.broker else { throw NotRunning() }
            return try body(broker)
        }.get()
    }

    private func bootstrap(_ broker: NIOLoopBound<Broker>) -> ServerBootstrap {
        let limit = configuration.maxRequestSizeInBytes
        return ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 16_384, maximum: 1 << 20)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(FrameDecoder(maxSizeInBytes: limit)), Connection(broker: broker.value),
                    ])
                }
            }
    }

    private func makeBroker() throws -> Broker {
        let clock = BrokerClock()
        var settings = configuration.cluster
        // A restarted broker must not give out the same identifiers again.
        settings.identifierSeed ^= UInt64.random(in: .min ... .max)
        let codec = KafkaRecordCodec()
        let cluster: Cluster
        var journal: Journal?
        if let path = configuration.dataDirectory {
            (journal, cluster) = try Journal.open(
                configuration, path: path, cluster: settings, codec: codec, nowMs: clock.nowMs)
        } else {
            cluster = Cluster(configuration: settings, codec: codec, nowMs: clock.nowMs)
        }
        let plan = faults.value ?? FaultPlan()
        faults.value = plan
        let broker = Broker(
            configuration, cluster: cluster, journal: journal, clock: clock, faults: plan, loop: loop)
        try broker.start()
        return broker
    }
}

/// The broker cannot listen at an address.
struct ListenFailure: Error, CustomStringConvertible {
    let description: String

    init(address: SocketAddress, errorNumber: CInt) {
        let host = address.ipAddress ?? "\(address)"
        let place = BrokerAddress(host: host, port: address.port ?? 0)
        description = "cannot listen at \(place): \(String(cString: strerror(errorNumber)))"
    }
}
