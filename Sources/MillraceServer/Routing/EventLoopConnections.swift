import HummingbirdCore
import Logging
import NIOCore

/// Connections whose requests are answered on the connection's own event loop: a request and its response change threads nowhere.
///
/// An event loop serves many connections. So what takes long, or may take long, runs `onSharedPool`.
struct EventLoopConnections: ServerChildChannel {
    let connection: HTTP1Channel
    let routes: RouteTable
    let peers: PeerClient
    let open: OpenChannels

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        open.add(channel)
        return connection.setup(channel: channel, logger: logger).flatMapThrowing { [routes, peers] value in
            let pipeline = channel.pipeline.syncOperations
            // Hummingbird's own handler still sees every request: it knows when a connection is idle and when to close it.
            let state = try pipeline.handler(type: HTTPConnectionStateHandler.self)
            let answers = ImmediateAnswers(peers.shared(on: channel.eventLoop)) {
                routes.immediateCourse(of: $0, on: $1, logger)
            }
            try pipeline.addHandler(answers, position: .after(state))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await connection.handle(value: value, logger: logger)
        }
    }
}

/// Runs tasks on an event loop.
private final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Runs something on Swift's shared pool, where it holds up no event loop.
func onSharedPool<Result, Failure: Error>(
    _ body: () async throws(Failure) -> Result
) async throws(Failure) -> Result {
    try await withTaskExecutorPreference(globalConcurrentExecutor, operation: body)
}
