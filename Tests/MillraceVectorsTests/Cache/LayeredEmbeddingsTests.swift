import MillraceVectors
import Synchronization
import Testing

@Suite("Layers of embeddings")
struct LayeredEmbeddingsTests {
    /// A source in memory, which can be written and counts what it is asked.
    private final class Store: EmbeddingStore {
        let maxBatchCount = 10
        private let state: Mutex<(entries: [EmbeddingKey: Embedding], loads: Int)>

        init(_ entries: [EmbeddingKey: Embedding] = [:]) { state = Mutex((entries, 0)) }

        var entries: [EmbeddingKey: Embedding] {
            get { state.withLock(\.entries) }
            set { state.withLock { $0.entries = newValue } }
        }
        var loads: Int { state.withLock(\.loads) }

        func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
            state.withLock { state in
                state.loads += 1
                return state.entries.filter { keys.contains($0.key) }
            }
        }

        func store(_ embeddings: [EmbeddingKey: Embedding]) async throws {
            state.withLock { $0.entries.merge(embeddings) { $0.version > $1.version ? $0 : $1 } }
        }

        func remove(_ versions: [EmbeddingKey: Int64]) async throws {
            state.withLock { state in
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
        struct Away: Error {}
        let front = Store([key: Embedding([1], version: 1)])
        let source = LayeredEmbeddings(front, over: ClosureEmbeddingSource { _ in throw Away() })
        await #expect(throws: Away.self) { try await source.load([key], atLeast: [key: 2], within: .seconds(600)) }
        await wait(for: source, 1)
        #expect(front.entries.isEmpty)
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
