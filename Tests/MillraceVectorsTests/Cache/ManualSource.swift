import MillraceVectors
import Synchronization

/// A source whose loads a test answers, one by one.
final class ManualSource: EmbeddingSource {
    typealias Answer = Result<[EmbeddingKey: Embedding], any Error>

    private struct State {
        var waiting: [(keys: [EmbeddingKey], continuation: CheckedContinuation<Answer, Never>)] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var begun: [[EmbeddingKey]] = []
    }

    let maxBatchCount: Int
    private let state = Mutex(State())

    init(maxBatchCount: Int = 10) { self.maxBatchCount = maxBatchCount }

    func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
        let answer = await withCheckedContinuation { continuation in
            let reached = state.withLock { state in
                state.begun.append(keys)
                state.waiting.append((keys, continuation))
                let reached = state.watchers.filter { $0.count <= state.begun.count }
                state.watchers.removeAll { $0.count <= state.begun.count }
                return reached
            }
            for watcher in reached { watcher.continuation.resume() }
        }
        return try answer.get()
    }

    /// The keys of the loads that have begun, in order.
    var begun: [[EmbeddingKey]] { state.withLock(\.begun) }

    /// Waits until as many loads have begun.
    func begun(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.begun.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    /// Answers the load that has waited longest.
    func answer(_ answer: ([EmbeddingKey]) -> Answer) {
        let load = state.withLock { $0.waiting.removeFirst() }
        load.continuation.resume(returning: answer(load.keys))
    }

    /// Answers it with a vector for each key.
    func answer(_ vector: [Float], version: Int64 = 0) {
        answer { keys in
            .success(Dictionary(uniqueKeysWithValues: keys.map { ($0, Embedding(vector, version: version)) }))
        }
    }
}

/// Announcements within a process, in place of a topic.
final class LocalAnnouncements: EmbeddingAnnouncements {
    private struct State {
        var readers: [Int: AsyncStream<[EmbeddingAnnouncement]>.Continuation] = [:]
        var lastReader = 0
        var published: [EmbeddingAnnouncement] = []
    }

    private let state = Mutex(State())

    var published: [EmbeddingAnnouncement] { state.withLock(\.published) }
    var readerCount: Int { state.withLock(\.readers.count) }

    func publish(_ announcements: [EmbeddingAnnouncement]) {
        state.withLock { state in
            state.published += announcements
            for reader in state.readers.values { reader.yield(announcements) }
        }
    }

    func run(_ receive: @escaping @Sendable ([EmbeddingAnnouncement]) -> Void) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: [EmbeddingAnnouncement].self)
        let number = state.withLock { state in
            state.lastReader += 1
            state.readers[state.lastReader] = continuation
            return state.lastReader
        }
        for await announcements in stream { receive(announcements) }
        state.withLock { _ = $0.readers.removeValue(forKey: number) }
        try Task.checkCancellation()
    }
}

/// Waits for a condition; fails after 15 minutes, because other tests may keep all threads busy for some.
func eventually(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(900)
    while !condition() {
        if ContinuousClock.now > deadline { throw NotInTime() }
        try await Task.sleep(for: .milliseconds(2))
    }
}

struct NotInTime: Error {}
