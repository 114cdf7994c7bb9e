import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
public import Millrace
public import MillraceConnectRuntime
public import MillraceMetrics
public import MillraceRuntime
import NIOCore
import NIOSSL
public import ServiceLifecycle

/// A server that answers queries of an application's stores over HTTP, for all instances: what another instance has is fetched from
/// there. It can also show and operate the connectors of a worker.
///
/// ```swift
/// let server = MillraceServer(application: application, configuration: .init(address: address))
/// let group = ServiceGroup(services: [application, server], gracefulShutdownSignals: [.sigterm], logger: logger)
/// try await group.run()
/// ```
///
/// The instances find each other by the addresses that they were given as `StreamsConfiguration.applicationServer`. So give each
/// the address of its server. The endpoints are described by `GET /openapi.json`.
public final class MillraceServer: Service {
    private let content: any ServedContent
    private let configuration: Configuration
    private let metrics: PrometheusRegistry
    private let logger: Logger
    private let listening = ListeningAddress()

    /// Makes a server, which does nothing before `run`.
    ///
    /// - Parameters:
    ///   - application: the application whose stores it shows.
    ///   - configuration: the server's settings; `run` checks them.
    ///   - metrics: the registry whose metrics `GET /metrics` shows beside the application's; an empty one by default.
    ///   - logger: the destination of log messages; a logger labelled `millrace` by default.
    public init(
        application: StreamsApplication, configuration: Configuration = Configuration(),
        metrics: PrometheusRegistry = PrometheusRegistry(), logger: Logger = Logger(label: "millrace")
    ) {
        content = ServedApplication(application: application)
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
    }

    /// Makes a server for the connectors of a worker: their states, and the orders to pause, resume and restart them.
    ///
    /// ```swift
    /// let server = MillraceServer(worker: worker, configuration: .init(address: address))
    /// ```
    ///
    /// - Parameters:
    ///   - worker: the worker whose connectors it shows.
    ///   - configuration: the server's settings; `run` checks them.
    ///   - metrics: the registry whose metrics `GET /metrics` shows beside the worker's; an empty one by default.
    ///   - logger: the destination of log messages; a logger labelled `millrace` by default.
    public init(
        worker: ConnectWorker, configuration: Configuration = Configuration(),
        metrics: PrometheusRegistry = PrometheusRegistry(), logger: Logger = Logger(label: "millrace")
    ) {
        content = ServedWorker(worker: worker)
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
    }

    /// The address at which the server listens, with the port that the system has chosen if it was given none. It waits until the
    /// server listens; `nil` if the server has ended.
    public var address: InstanceAddress? { get async { await listening.value } }

    /// Runs the server until its task is cancelled or its service group shuts down gracefully.
    ///
    /// - Throws: ``ServerError`` if it cannot listen at the address, or if the settings do not allow a start: beyond the loopback
    ///   interface the server needs TLS and tokens or client certificates.
    public func run() async throws {
        defer { listening.set(nil) }
        if let problem = configuration.problems().first { throw ServerError(problem) }
        let tokens = try configuration.tokenFile.map { file throws(ServerError) in try AccessTokens(file: file) }
        let tls = try configuration.tls.map { tls throws(ServerError) in try tls.forServer() }
        let peers = try PeerClient(configuration)
        do {
            try await serve(routes(peers, access(tokens)), peers, tls)
        } catch {
            await peers.shutdown()
            throw error
        }
        await peers.shutdown()
    }

    private func routes(_ peers: PeerClient, _ access: AccessControl) -> RouteTable {
        let parts = ServerParts(
            configuration: configuration, metrics: metrics, peers: peers, access: access, listening: listening)
        let groups = content.groups(parts)
        let described = OpenAPIRoutes(
            groups: groups, summary: content.summary, needsToken: configuration.tokenFile != nil)
        return RouteTable(
            groups + content.undescribedGroups + [described], access: access, limits: configuration.limits,
            storeOfIndex: content.store(ofIndex:), position: content.position(of:))
    }

    private func access(_ tokens: AccessTokens?) -> AccessControl {
        let needsName = tokens == nil && configuration.tls?.clientAuthorityFile == nil
        return AccessControl(
            tokens: tokens, hosts: needsName ? ["localhost", configuration.address.host.lowercased()] : nil)
    }

    private func serve(_ routes: RouteTable, _ peers: PeerClient, _ tls: TLSConfiguration?) async throws {
        let limits = configuration.limits
        let connections = HTTP1Channel.Configuration(
            idleTimeout: .nanoseconds(limits.idleTimeout.nanoseconds),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: limits.maxHeaderSizeInBytes, maxHeaderListSize: limits.maxHeaderSizeInBytes,
                maxHeaderFieldCount: 100))
        let open = OpenChannels()
        let http = HTTPServerBuilder { responder in
            EventLoopConnections(
                connection: HTTP1Channel(responder: responder, configuration: connections), routes: routes,
                peers: peers, open: open)
        }
        var logger = logger
        logger.logLevel = max(logger.logLevel, .notice)
        let host = configuration.address.host
        let (listening, log) = (listening, self.logger)
        let server = Application(
            responder: routes, server: try tls.map { try .tls(http, tlsConfiguration: $0) } ?? http,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: configuration.address.port), serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.maxConnections)),
            onServerRunning: { channel in
                let address = InstanceAddress(host: host, port: channel.localAddress?.port ?? 0)
                log.info("listening", metadata: ["address": "\(tls == nil ? "http" : "https")://\(address)"])
                open.add(channel)
                listening.set(address)
            }, logger: logger)
        do { try await runShielded(server, open, logger) } catch let error as IOError where listening.current == nil {
            throw ServerError(
                "the server cannot listen at \(configuration.address): \(String(cString: strerror(error.errnoCode)))")
        }
    }
}

/// Runs a server until this task is cancelled or shuts down gracefully.
///
/// A server of Hummingbird that is cancelled may drop a connection that comes at that moment, on which NIO ends the process. So it is always
/// asked to shut down, and cancelled only once nobody can connect any more.
private func runShielded(_ server: some Service, _ open: OpenChannels, _ logger: Logger) async throws {
    let group = ServiceGroup(services: [server], logger: logger)
    let running = Task { try await group.run() }
    try await withTaskCancellationHandler {
        try await withGracefulShutdownHandler {
            try await running.value
        } onGracefulShutdown: {
            Task { await group.triggerGracefulShutdown() }
        }
    } onCancel: {
        Task {
            await group.triggerGracefulShutdown()
            await open.close()
            running.cancel()
        }
    }
}

extension Duration {
    /// Nanoseconds; a duration out of range becomes the longest or shortest one possible.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? .max : sum
    }
}
