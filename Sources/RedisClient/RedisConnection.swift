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
        let (bootstrap, pushes) = try bootstrap(settings, on: group)
        let channel: any Channel
        do { channel = try await bootstrap.connect(host: settings.host, port: settings.port).get() } catch {
            throw RedisError(error, at: settings.address)
        }
        let connection = RedisConnection(channel, settings, pushes)
        for command in connection.introduction { try await connection.send(command) }
        return connection
    }

    /// Connects, and authenticates if there is a password. The thread waits.
    ///
    /// - Throws: `RedisError` whose words name the address.
    @available(*, noasync)
    package static func connectAndWait(
        _ settings: RedisSettings, on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(RedisError) -> RedisConnection {
        let (bootstrap, pushes) = try bootstrap(settings, on: group)
        let channel: any Channel
        do { channel = try bootstrap.connect(host: settings.host, port: settings.port).wait() } catch {
            throw RedisError(error, at: settings.address)
        }
        let connection = RedisConnection(channel, settings, pushes)
        let commands = connection.introduction
        for (answer, command) in zip(try connection.start(commands).wait(), commands) {
            _ = try checked(answer, command)
        }
        return connection
    }

    private static func bootstrap(
        _ settings: RedisSettings, on group: any EventLoopGroup
    ) throws(RedisError) -> (ClientBootstrap, AsyncStream<[RedisValue]>) {
        let (pushes, continuation) = AsyncStream<[RedisValue]>.makeStream(bufferingPolicy: .bufferingNewest(65_536))
        let tls: NIOSSLContext?
        do { tls = try settings.tls.map { try NIOSSLContext(configuration: $0) } } catch {
            throw RedisError(error, at: settings.address)
        }
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(settings.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(Self.handler(tls, host: settings.host)) }
                    try pipeline.addHandlers(
                        ByteToMessageHandler(RedisFramer()),
                        RedisChannelHandler(address: settings.address, pushes: continuation))
                }
            }
        return (bootstrap, pushes)
    }

    /// A certificate is checked for a name, but not for a numeric address.
    private static func handler(_ context: NIOSSLContext, host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : host)
    }

    /// The first commands of a connection.
    private var introduction: [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password = settings.password {
            var command: RedisCommand = ["AUTH"]
            if let user = settings.user { command.append(.init(user)) }
            command.append(.init(password))
            commands.append(command)
        }
        if settings.database != 0 { commands.append(["SELECT", "\(settings.database)"]) }
        return commands
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
    /// - Parameters:
    ///   - commands: the commands.
    ///   - timeout: the time limit for the answers, if it is shorter than that of the settings. It ends the connection.
    /// - Throws: `RedisError` if not all answers come.
    package func send(_ commands: [RedisCommand], within timeout: Duration? = nil) async throws -> [RedisValue] {
        var answers: [RedisValue] = []
        answers.reserveCapacity(commands.count)
        for future in futures(of: commands, blocking: .zero, within: timeout) { answers.append(try await future.get()) }
        return answers
    }

    func futures(
        of commands: [RedisCommand], blocking: Duration, within timeout: Duration? = nil
    ) -> [EventLoopFuture<RedisValue>] {
        let promises = commands.map { _ in channel.eventLoop.makePromise(of: RedisValue.self) }
        let limit = min(settings.commandTimeout, timeout ?? settings.commandTimeout) + blocking
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

    var address: String { settings.address }

    /// Whether the connection is open.
    package var isOpen: Bool { channel.isActive }

    /// Ends the connection. Commands that are under way fail.
    package func close() async { try? await channel.close() }
}
