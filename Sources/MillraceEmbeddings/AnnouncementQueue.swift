import Dispatch
import MillraceVectors
import Synchronization

/// Announcements that wait to be sent, the newest of them if there are too many.
final class AnnouncementQueue: Sendable {
    private struct State {
        var waiting: [EmbeddingAnnouncement] = []
        var dropped = 0

        mutating func limit() {
            let excess = waiting.count - AnnouncementQueue.maxCount
            guard excess > 0 else { return }
            waiting.removeFirst(excess)
            dropped += excess
        }
    }

    /// The most announcements that wait; older ones are dropped.
    static let maxCount = 10_000

    private let state = Mutex(State())
    private let hasWork = DispatchSemaphore(value: 0)

    var droppedCount: Int { state.withLock(\.dropped) }

    func append(_ announcements: [EmbeddingAnnouncement]) {
        state.withLock { state in
            state.waiting += announcements
            state.limit()
        }
        wake()
    }

    /// Puts back what was taken and not sent.
    func putBack(_ announcements: [EmbeddingAnnouncement]) {
        state.withLock { state in
            state.waiting.insert(contentsOf: announcements, at: 0)
            state.limit()
        }
    }

    /// Takes all that wait, after waiting for some.
    func take(withinMs timeoutMs: Int) -> [EmbeddingAnnouncement] {
        _ = hasWork.wait(timeout: .now() + .milliseconds(timeoutMs))
        return state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
    }

    /// Counts announcements that were taken and dropped.
    func drop(_ count: Int) { state.withLock { $0.dropped += count } }

    /// Ends the waiting of the one who takes.
    func wake() { hasWork.signal() }
}
