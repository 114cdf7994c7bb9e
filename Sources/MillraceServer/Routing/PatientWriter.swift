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

    /// The size of the pieces in which a text is written. A write returns when the channel has taken a piece, not when the client has,
    /// so a client that stands still holds up the next piece.
    private static let maxPieceCount = 32 << 10

    /// - Throws: `TooSlow` if the client was slow but can be told so; the channel's error if it is gone.
    func write(_ text: String) async throws {
        var rest = ByteBuffer(string: text)
        while let piece = rest.readSlice(length: min(rest.readableBytes, Self.maxPieceCount)), piece.readableBytes > 0 {
            try await withAlarm { try await writer.write(piece) }
        }
    }

    func finish() async throws { try await withAlarm { try await writer.finish(nil) } }

    private func withAlarm(_ body: () async throws -> Void) async throws {
        let (channel, begin) = (channel, ContinuousClock.now)
        let alarm = channel.eventLoop.scheduleTask(in: .nanoseconds(limit.nanoseconds &* 2)) {
            channel.close(promise: nil)
        }
        defer { alarm.cancel() }
        try await body()
        if ContinuousClock.now - begin > limit { throw TooSlow(limit: limit) }
    }
}

/// The reason why a reader of a stream is dropped.
struct TooSlow: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "what was sent was not read within \(limit)" }
}
