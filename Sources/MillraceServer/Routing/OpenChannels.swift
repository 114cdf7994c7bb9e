import NIOCore
import Synchronization

/// The listening channel and the connections of a server, until they are closed.
///
/// A server that is cancelled closes them, so that requests under way do not hold up its end.
final class OpenChannels: Sendable {
    private let state = Mutex(State())

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    /// Adds a channel, which is closed at once if the server has ended.
    func add(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        let isAdded = state.withLock { state in
            if !state.isClosed { state.channels[id] = channel }
            return !state.isClosed
        }
        guard isAdded else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { [weak self] _ in
            _ = self?.state.withLock { $0.channels.removeValue(forKey: id) }
        }
    }

    /// Closes all channels, and waits for that.
    func close() async {
        let channels = state.withLock { state in
            state.isClosed = true
            defer { state.channels = [:] }
            return Array(state.channels.values)
        }
        for channel in channels { try? await channel.close() }
    }
}
