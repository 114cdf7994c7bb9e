import MillraceVectors
import Synchronization
import Testing

@Suite("Layers of embeddings")
struct LayeredEmbeddingsTests {
    /// A source in memory, which can be written and counts what it is asked.
    private final class Store: EmbeddingStore {
        let maxBatchCount = 10
        struct Away: Error {}

        private struct State {
            var entries: [EmbeddingKey: Embedding]
            var loads = 0
            var isAway = false
            var refusesChanges = false
        }

        private let state: Mutex<State>

        init(_ entries: [EmbeddingKey: Embedding] = [:]) { state = Mutex(State(entries: entries)) }

        var isAway: Bool {
            get { state.withLock(\.isAway) }
            set { state.withLock { $0.isAway = newValue } }
        }
        var refusesChanges: Bool {
            get { state.withLock(\.refusesChanges) }
            set { state.withLock { $0.refusesChanges = newValue } }
        }

        var entries: [EmbeddingKey: Embedding] {
            get { state.withLock(\.entries) }
            set { state.withLock { $0.entries = newValue } }
        }
        var loads: Int { state.withLock(\.loads) }

        func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
            try state.withLock { state in
                state.loads += 1
                if state.isAway { throw Away() }
                return state.entries.filter { keys.contains($0.key) }
            }
        }

        func store(_ embeddings: [EmbeddingKey: Embedding]) async throws {
            try state.withLock { state in
                if state.isAway || state.refusesChanges { throw Away() }
                state.entries.merge(embeddings) { $0.version > $1.version ? $0 : $1 }
            }
        }

        func remove(_ versions: [EmbeddingKey: Int64]) async throws {
            try state.withLock { state in
                if state.isAway || state.refusesChanges { throw Away() }
                state.entries = state.entries.filter { key, entry in versions[key].map { entry.version > $0 } ?? true }
            }
        }
    }

    private let key = EmbeddingKey("a")

    private func wait(for source: LayeredEmbeddings, _ count: Int) async {
        while source.measures.storedCount < count { await Task.yield() }
    }

    @Test("a copy that is older than what was announced is passed over, and replaced")
    func outdated() async throws {
        let front = Store([key: Embedding([1], version: 1)])
        let back = Store([key: Embedding([2], version: 2)])
        let source = LayeredEmbeddings(front, over: back)
        #expect(try await source.load([key], within: .seconds(600)) == [key: Embedding([1], version: 1)])
        #expect(back.loads == 0)
        let found = try await source.load([key], atLeast: [key: 2], within: .seconds(600))
        #expect(found == [key: Embedding([2], version: 2)])
        await wait(for: source, 2)
        #expect(front.entries == [key: Embedding([2], version: 2)])
        _ = try await source.load([key], atLeast: [key: 2], within: .seconds(600))
        #expect(back.loads == 1 && source.measures.outdatedCount == 1)
    }

    @Test("a copy of something that is gone is removed")
    func gone() async throws {
        let front = Store([key: Embedding([1], version: 1)])
        let source = LayeredEmbeddings(front, over: Store())
        #expect(try await source.load([key], atLeast: [key: .max], within: .seconds(600)).isEmpty)
        await wait(for: source, 1)
        #expect(front.entries.isEmpty && source.measures.absentCount == 1)
    }

    @Test("a copy that is known to be outdated is removed even if the second source does not answer")
    func backFails() async throws {
        let front = Store([key: Embedding([1], version: 1)])
        let source = LayeredEmbeddings(front, over: ClosureEmbeddingSource { _ in throw Store.Away() })
        await #expect(throws: Store.Away.self) {
            try await source.load([key], atLeast: [key: 2], within: .seconds(600))
        }
        await wait(for: source, 1)
        #expect(front.entries.isEmpty)
    }

    @Test("what the first source missed while it was away is passed over when it is back, and removed")
    func frontIsAway() async throws {
        let gone = EmbeddingKey("gone")
        let front = Store([key: Embedding([1], version: 1), gone: Embedding([1], version: 1)])
        let back = Store([key: Embedding([2], version: 2)])
        let source = LayeredEmbeddings(front, over: back)
        front.isAway = true
        let answer = try await source.load([key, gone], atLeast: [gone: .max], within: .seconds(600))
        #expect(answer == [key: Embedding([2], version: 2)] && source.measures.frontFailures == 1)
        while source.measures.unstoredCount < 1 { await Task.yield() }
        front.isAway = false
        // Nobody knows of a version any more, and the old copies are there.
        #expect(front.entries.count == 2)
        let later = try await source.load([key, gone], within: .seconds(600))
        #expect(later == [key: Embedding([2], version: 2)] && source.measures.outdatedCount == 2)
        await wait(for: source, 3)
        #expect(front.entries[gone] == nil && front.entries[key]?.version != 1)
        #expect(try await source.load([gone], within: .seconds(600)).isEmpty)
        #expect(source.measures.outdatedCount == 2 && source.measures.forgottenCount == 0)
    }

    @Test("a removal that failed is made up for as soon as the first source answers again")
    func removedLater() async throws {
        let front = Store([key: Embedding([1], version: 1)])
        let source = LayeredEmbeddings(front, over: ClosureEmbeddingSource { _ in throw Store.Away() })
        front.refusesChanges = true
        await #expect(throws: Store.Away.self) {
            try await source.load([key], atLeast: [key: 2], within: .seconds(600))
        }
        while source.measures.unstoredCount < 1 { await Task.yield() }
        front.refusesChanges = false
        // Nobody asks for the version any more, and the old copy is passed over all the same.
        await #expect(throws: Store.Away.self) { try await source.load([key], within: .seconds(600)) }
        await wait(for: source, 1)
        #expect(front.entries.isEmpty)
    }

    @Test("what the second source has, older than is known, does not get into the first one")
    func backLags() async throws {
        let (front, back) = (Store(), Store([key: Embedding([1], version: 1)]))
        let source = LayeredEmbeddings(front, over: back)
        let found = try await source.load([key], atLeast: [key: 2], within: .seconds(600))
        #expect(found == [key: Embedding([1], version: 1)])
        back.entries = [key: Embedding([2], version: 2)]
        _ = try await source.load([key], within: .seconds(600))
        await wait(for: source, 1)
        #expect(front.entries == [key: Embedding([2], version: 2)])
    }

    @Test("a cache whose load was given up takes no old copy for the newest when both sources are back")
    func bothAway() async throws {
        let (front, back) = (Store([key: Embedding([1], version: 1)]), Store([key: Embedding([2], version: 2)]))
        var configuration = EmbeddingCacheConfiguration()
        configuration.retryDelay = .milliseconds(1)
        configuration.maxRetryDelay = .milliseconds(1)
        let cache = try EmbeddingCache(
            source: LayeredEmbeddings(front, over: back), configuration: configuration)
        (front.isAway, back.isAway) = (true, true)
        cache.changed("a", version: 2)
        try await cache.until { cache.measures.failedKeys == 1 }
        (front.isAway, back.isAway) = (false, false)
        #expect(try await cache.get("a") == Embedding([2], version: 2))
    }

    @Test("a cache that hears of a new version, or of an end, never keeps the copy in between")
    func announced() async throws {
        let front = Store()
        let back = Store([key: Embedding([1], version: 1)])
        let source = LayeredEmbeddings(front, over: back)
        let cache = try EmbeddingCache(source: source)
        #expect(try await cache.get("a") == Embedding([1], version: 1))
        await wait(for: source, 1)
        back.entries = [key: Embedding([2], version: 2)]
        cache.changed("a", version: 2)
        try await cache.until { cache.cached("a") == .found(Embedding([2], version: 2)) }
        back.entries = [:]
        cache.changed("a")
        try await cache.until { cache.cached("a") == .absent }
        #expect(try await cache.get("a") == nil)
    }
}
