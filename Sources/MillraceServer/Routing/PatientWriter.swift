import Hummingbird
import NIOCore

/// Writes a stream to a client that has to keep up. Nothing is kept for it: a write waits until the client has room.
///
/// A client that does not take what was sent within a limit is dropped. If it goes on reading within as long again, it can be told;
/// after that its connection is closed.
// Sendable because one task after the other uses it, never two at once.
final class PatientWriter: @unchecked Sendable {
    private var writer: any ResponseBodyWriter
    private let channel: any Channel
    private let limit: Duration

    init(_ writer: any ResponseBodyWriter, channel: any Channel, limit: Duration) {
        self.writer = writer
        self.channel = channel
        self.limit = limit
    }

    /// - Throws: `TooSlow` if the client was slow but can be told so; the channel's error if it is gone.
    func write(_ text: String) async throws {
        let (channel, begin) = (channel, ContinuousClock.now)
        let alarm = channel.eventLoop.scheduleTask(in: .nanoseconds(limit.nanoseconds &* 2)) {
            channel.close(promise: nil)
        }
        defer { alarm.cancel() }
        try await writer.write(ByteBuffer(string: text))
        if ContinuousClock.now - begin > limit { throw TooSlow(limit: limit) }
    }

    func finish() async throws { try await writer.finish(nil) }
}

/// The reason why a reader of a stream is dropped.
struct TooSlow: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "what was sent was not read within \(limit)" }
}
