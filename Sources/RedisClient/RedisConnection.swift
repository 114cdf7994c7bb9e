package import NIOCore
import NIOPosix
import NIOSSL

/// One connection to a Redis or Valkey server. Commands are sent at once, one after the other, and answered in their order.
///
/// It can be used from any task at the same time. A connection that has ended stays ended: make a new one.
package final class RedisConnection: Sendable {
    private let channel: any Channel
    private let settings: RedisSettings
    /// The messages that no command asked for: those of subscriptions. The sequence ends with the connection.
    package let pushes: AsyncStream<[RedisValue]>

    private init(_ channel: any Channel, _ settings: RedisSettings, _ pushes: AsyncStream<[RedisValue]>) {
        (self.channel, self.settings, self.pushes) = (channel, settings, pushes)
    }

    deinit { channel.close(promise: nil) }

    /// Connects, and authenticates if there is a password.
    ///
    /// - Throws: `RedisError` whose words name the address.
    package static func connect(
        _ settings: RedisSettings, on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> RedisConnection {
        let (pushes, continuation) = AsyncStream<[RedisValue]>.makeStream(bufferingPolicy: .bufferingNewest(65_536))
        let channel: any Channel
        do {
            let tls = try settings.tls.map { try NIOSSLContext(configuration: $0) }
            channel = try await ClientBootstrap(group: group)
                .connectTimeout(TimeAmount(settings.connectTimeout))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls { try pipeline.addHandler(Self.handler(tls, host: settings.host)) }
                        try pipeline.addHandlers(
                            ByteToMessageHandler(RedisDecoder()),
                            RedisChannelHandler(address: settings.address, pushes: continuation))
                    }
                }
                .connect(host: settings.host, port: settings.port).get()
        } catch let error as RedisError { throw error } catch {
            throw RedisError.unreachable(address: settings.address, "\(error)")
        }
        let connection = RedisConnection(channel, settings, pushes)
        try await connection.begin()
        return connection
    }

    /// A certificate is checked for a name, but not for a numeric address.
    private static func handler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }

    private func begin() async throws {
        if let password = settings.password {
            var command: RedisCommand = ["AUTH"]
            if let user = settings.user { command.append(.init(user)) }
            command.append(.init(password))
            try await send(command)
        }
        if settings.database != 0 { try await send(["SELECT", "\(settings.database)"]) }
    }

    /// Sends a command and returns the answer.
    ///
    /// - Parameter blocking: the time for which the server may hold the answer back, for commands that wait; none by default.
    /// - Throws: `RedisError`; `.refused` if the server answers with an error.
    @discardableResult
    package func send(_ command: RedisCommand, blocking: Duration = .zero) async throws -> RedisValue {
        try Self.checked(await futures(of: [command], blocking: blocking)[0].get(), command)
    }

    /// Sends commands in one piece and returns their answers, `.failure` among them.
    ///
    /// - Throws: `RedisError` if not all answers come.
    package func send(_ commands: [RedisCommand]) async throws -> [RedisValue] {
        var answers: [RedisValue] = []
        answers.reserveCapacity(commands.count)
        for future in futures(of: commands, blocking: .zero) { answers.append(try await future.get()) }
        return answers
    }

    private func futures(of commands: [RedisCommand], blocking: Duration) -> [EventLoopFuture<RedisValue>] {
        let promises = commands.map { _ in channel.eventLoop.makePromise(of: RedisValue.self) }
        let limit = settings.commandTimeout + blocking
        let request = RedisRequest(commands: commands, promises: promises, limit: TimeAmount(limit))
        channel.writeAndFlush(request).whenFailure { [address = settings.address] error in
            for promise in promises {
                promise.fail(error is ChannelError ? RedisError.disconnected(address: address) : error)
            }
        }
        return promises.map(\.futureResult)
    }

    private static func checked(_ value: RedisValue, _ command: RedisCommand) throws(RedisError) -> RedisValue {
        if case .failure(let words) = value { throw .refused(words, command: command.name) }
        return value
    }

    /// Whether the connection is open.
    package var isOpen: Bool { channel.isActive }

    /// Ends the connection. Commands that are under way fail.
    package func close() async { try? await channel.close() }
}
