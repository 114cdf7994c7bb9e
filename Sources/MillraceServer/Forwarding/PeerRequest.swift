import NIOCore
import NIOHTTP1
import Synchronization

/// A request to another instance. A connection takes it as an outbound message.
struct PeerRequest: Sendable {
    var head: HTTPRequestHead
    var body: ByteBuffer?
    var maxResponseSizeInBytes: Int
    /// Gets the answer. A failure, also one from outside such as a cancellation, closes the connection.
    var promise: EventLoopPromise<PeerClient.Answer>
    /// Sends the request over another connection; `nil` if it may not be sent again.
    private(set) var sendAgain: (@Sendable (PeerRequest) -> Void)?
    private var progress = Progress()

    /// The state that all copies of the request share.
    private final class Progress: Sendable {
        let isTaken = Atomic(false)
    }

    init(
        head: HTTPRequestHead, body: ByteBuffer?, maxResponseSizeInBytes: Int,
        promise: EventLoopPromise<PeerClient.Answer>
    ) {
        (self.head, self.body) = (head, body)
        (self.maxResponseSizeInBytes, self.promise) = (maxResponseSizeInBytes, promise)
    }

    /// Whether a connection has taken the request, so that some of it may have been sent.
    var isTaken: Bool { progress.isTaken.load(ordering: .acquiring) }

    func take() { progress.isTaken.store(true, ordering: .releasing) }

    /// Whether to send the request twice has the effect of sending it once.
    var isIdempotent: Bool { head.method == .GET }

    /// The same request, which may be sent once more in another way.
    func repeatable(_ sendAgain: @escaping @Sendable (PeerRequest) -> Void) -> PeerRequest {
        var request = self
        request.sendAgain = sendAgain
        return request
    }

    /// The same request for its last attempt.
    var unrepeatable: PeerRequest {
        var request = self
        (request.sendAgain, request.progress) = (nil, Progress())
        return request
    }
}
