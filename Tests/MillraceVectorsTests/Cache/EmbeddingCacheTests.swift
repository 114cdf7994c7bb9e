import MillraceVectors
import Testing

@Suite("Cache of embeddings", .timeLimit(.minutes(20)))
struct EmbeddingCacheTests {
    private struct SourceDown: Error {}

    private static func configuration(
        _ change: (inout EmbeddingCacheConfiguration) -> Void = { _ in }
    ) -> EmbeddingCacheConfiguration {
        var configuration = EmbeddingCacheConfiguration()
        // No test waits for its end; other tests may keep all threads busy for minutes.
        configuration.loadTimeout = .seconds(900)
        change(&configuration)
        return configuration
    }

    @Test("a miss loads once however many wait, and all get the answer")
    func singleFlight() async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(source: source, configuration: Self.configuration())
        try await withThrowingTaskGroup(of: Embedding?.self) { group in
            for _ in 0..<100 { group.addTask { try await cache.get("a") } }
            await source.begun(1)
            try await eventually { cache.measures.misses == 100 }
            source.answer([1, 2])
            for try await embedding in group { #expect(embedding?.vector == [1, 2]) }
        }
        #expect(source.begun == [[EmbeddingKey("a")]])
        #expect(cache.cached("a") == .found(Embedding([1, 2])))
    }

    @Test("loads are bounded, keys that wait go together, and beyond the bound callers get an error")
    func bounds() async throws {
        let source = ManualSource(maxBatchCount: 3)
        let cache = try EmbeddingCache(
            source: source,
            configuration: Self.configuration {
                $0.maxConcurrentLoads = 1
                $0.maxWaitingKeys = 4
            })
        let first = Task { try await cache.get("first") }
        await source.begun(1)
        let others = Task { try await cache.get(["1", "2", "3", "4"]) }
        try await eventually { cache.measures.waitingKeys == 4 }
        do {
            _ = try await cache.get("5")
            Issue.record("the queue has no bound")
        } catch let error as EmbeddingCacheError { #expect(error.code == .tooManyWaiting) }
        // Whoever asks for a key that waits already needs no place.
        let joined = Task { try await cache.get("4") }
        source.answer([1])
        #expect(try await first.value?.vector == [1])
        await source.begun(2)
        source.answer([2])
        await source.begun(3)
        source.answer([3])
        #expect(try await others.value.count == 4)
        let vector = try await joined.value?.vector
        #expect(vector == [2] || vector == [3])
        #expect(source.begun.map(\.count) == [1, 3, 1])
    }

    @Test("a caller who is cancelled gets that at once, and the load goes on for the others")
    func cancellation() async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(source: source, configuration: Self.configuration())
        let one = Task { try await cache.get("a") }
        let other = Task { try await cache.get("a") }
        await source.begun(1)
        try await eventually { cache.measures.misses == 2 }
        one.cancel()
        await #expect(throws: CancellationError.self) { try await one.value }
        source.answer([1])
        #expect(try await other.value?.vector == [1])
        #expect(source.begun.count == 1)
        // The one who alone waits for a load that runs may go too: what it brings is kept.
        let alone = Task { try await cache.get("b") }
        await source.begun(2)
        alone.cancel()
        await #expect(throws: CancellationError.self) { try await alone.value }
        source.answer([2])
        try await eventually { cache.cached("b") == .found(Embedding([2])) }
    }

    @Test("a load that has failed is repeated, and callers get the answer as soon as there is one")
    func repetition() async throws {
        let (source, clock) = (ManualSource(), ManualClock())
        let cache = try EmbeddingCache("cache", source: source, configuration: Self.configuration(), clock: clock)
        let caller = Task { try await cache.get("a") }
        for number in 1...3 {
            try await eventually {
                clock.advance(byMs: 20)
                return source.begun.count == number
            }
            source.answer { _ in .failure(SourceDown()) }
        }
        try await eventually {
            clock.advance(byMs: 20)
            return source.begun.count == 4
        }
        source.answer([3])
        #expect(try await caller.value?.vector == [3])
        #expect(cache.measures.failedLoads == 3 && cache.measures.failedKeys == 0)
    }

    @Test("an error reaches all who wait when their time is over, and is not remembered")
    func errors() async throws {
        let (source, clock) = (ManualSource(), ManualClock())
        let cache = try EmbeddingCache("cache", source: source, configuration: Self.configuration(), clock: clock)
        let callers = (0..<10).map { _ in Task { try await cache.get("a", within: .seconds(10)) } }
        await source.begun(1)
        try await eventually { cache.measures.misses == 10 }
        source.answer { _ in .failure(SourceDown()) }
        try await eventually { cache.measures.failedLoads == 1 }
        clock.advance(byMs: 10_000)
        try await eventually {
            clock.advance(byMs: 1)
            return cache.measures.failedKeys == 1
        }
        for caller in callers {
            let result = await caller.result
            guard case .failure(let error as EmbeddingCacheError) = result else {
                Issue.record("no error: \(result)")
                continue
            }
            #expect(error.code == .sourceFailed && error.cause is SourceDown && error.key == EmbeddingKey("a"))
        }
        let again = Task { try await cache.get("a") }
        await source.begun(2)
        source.answer([3])
        #expect(try await again.value?.vector == [3])
    }

    @Test("an absence is remembered for a while, and an announcement ends it")
    func absence() async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(source: source, configuration: Self.configuration())
        let first = Task { try await cache.get("a") }
        await source.begun(1)
        source.answer { _ in .success([:]) }
        #expect(try await first.value == nil)
        #expect(cache.cached("a") == .absent)
        #expect(try await cache.get("a") == nil)
        #expect(source.begun.count == 1)
        cache.changed("a", version: 2)
        #expect(cache.cached("a") == .unknown)
        await source.begun(2)
        source.answer([2], version: 2)
        try await eventually { cache.cached("a") == .found(Embedding([2], version: 2)) }
    }

    @Test("an absence that was loaded while the key was announced is loaded again before anybody gets it")
    func absenceMeanwhile() async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(source: source, configuration: Self.configuration())
        let caller = Task { try await cache.get("a") }
        await source.begun(1)
        cache.changed("a", version: 7)
        source.answer { _ in .success([:]) }
        await source.begun(2)
        source.answer([7], version: 7)
        #expect(try await caller.value?.version == 7)
    }

    @Test("a source that lags behind an announcement is answered with, and not remembered")
    func lag() async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(source: source, configuration: Self.configuration())
        let caller = Task { try await cache.get("a") }
        await source.begun(1)
        cache.changed("a", version: 7)
        source.answer([6], version: 6)
        await source.begun(2)
        source.answer([6], version: 6)
        #expect(try await caller.value?.version == 6)
        #expect(cache.cached("a") == .unknown)
    }

    @Test(
        "a vector that cannot be used is an error, and is not kept",
        arguments: [
            ([1, 2], "components"), ([1, 2, .nan], "not"), ([1, .infinity, 2], "inf"), ([0, 0, 0], "zero"),
            ([], "components"),
        ]
            as [([Float], String)])
    func garbage(_ vector: [Float], _ word: String) async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(
            source: source,
            configuration: Self.configuration {
                $0.otherNamespaces = EmbeddingNamespace(dimensions: 3, metric: .cosine)
            })
        let caller = Task { try await cache.get(["good", "bad"]) }
        await source.begun(1)
        source.answer { _ in
            .success([EmbeddingKey("good"): Embedding([1, 2, 3]), EmbeddingKey("bad"): Embedding(vector)])
        }
        let result = await caller.result
        guard case .failure(let error as EmbeddingCacheError) = result else {
            Issue.record("no error: \(result)")
            return
        }
        #expect(error.code == .invalidVector && error.key == EmbeddingKey("bad"))
        #expect(error.message.contains("cannot be used"))
        #expect(cache.cached("bad") == .unknown)
        try await eventually { cache.cached("good") == .found(Embedding([1, 2, 3])) }
        #expect(try cache.search(near: [1, 2, 3], count: 5).map(\.key) == ["good"])
    }

    @Test("a source that does not return: callers get an error in time, and its place stays taken until it does")
    func hanging() async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(
            source: source,
            configuration: Self.configuration {
                $0.maxConcurrentLoads = 1
                $0.loadTimeout = .milliseconds(100)
            })
        for key in ["a", "b"] {
            do {
                _ = try await cache.get(key)
                Issue.record("there was an answer")
            } catch let error as EmbeddingCacheError { #expect(error.code == .timedOut) }
        }
        #expect(source.begun == [[EmbeddingKey("a")]])
        source.answer([1])
        // What comes late is kept.
        try await eventually { cache.cached("a") == .found(Embedding([1])) }
    }

    @Test("two caches: what one loads, the other one loads too, and nobody loads on an own announcement")
    func warming() async throws {
        let source = ClosureEmbeddingSource { Embedding([Float($0.key.count)], version: 1) }
        let channel = LocalAnnouncements()
        let one = try EmbeddingCache("one", source: source, announcements: channel, configuration: Self.configuration())
        let two = try EmbeddingCache("two", source: source, announcements: channel, configuration: Self.configuration())
        let running = [one, two].map { cache in Task { try await cache.run() } }
        try await eventually { channel.readerCount == 2 }
        #expect(try await one.get("four")?.vector == [4])
        try await eventually { two.cached("four") == .found(Embedding([4], version: 1)) }
        #expect(channel.published.map(\.key) == [EmbeddingKey("four")])
        #expect(one.measures.foundKeys == 1 && two.measures.foundKeys == 1)
        for task in running { task.cancel() }
        for task in running { try await task.value }
        #expect(channel.readerCount == 0)
    }

    @Test("a storm of announcements is bounded; what it outdates beyond the bound is forgotten")
    func storm() async throws {
        let source = ManualSource(maxBatchCount: 1)
        let cache = try EmbeddingCache(
            source: source,
            configuration: Self.configuration {
                $0.maxWaitingAnnouncements = 5
                $0.maxConcurrentLoads = 2
            })
        let first = Task { try await cache.get("kept") }
        await source.begun(1)
        source.answer([1], version: 1)
        _ = try await first.value
        for number in 0..<1_000 { cache.changed("\(number)", version: 1) }
        for _ in 0..<1_000 { cache.changed("3", version: 2) }
        #expect(cache.measures.waitingAnnouncements == 5)
        #expect(cache.measures.droppedAnnouncements >= 900)
        #expect(cache.cached("kept") == .found(Embedding([1], version: 1)))
        cache.changed("kept", version: 2)
        #expect(cache.cached("kept") == .unknown)
        // Somebody who asks comes before all announcements.
        await source.begun(2)
        let caller = Task { try await cache.get("urgent") }
        await source.begun(3)
        #expect(source.begun.last == [EmbeddingKey("urgent")])
        source.answer([1], version: 1)
        source.answer([1], version: 1)
        _ = try await caller.value
        cache.close()
    }

    @Test("a cache that ends answers everybody who waits, and keeps answering from memory")
    func end() async throws {
        let source = ManualSource()
        let cache = try EmbeddingCache(source: source, configuration: Self.configuration())
        let running = Task { try await cache.run() }
        let first = Task { try await cache.get("a") }
        await source.begun(1)
        source.answer([1])
        _ = try await first.value
        let waiting = Task { try await cache.get("b") }
        await source.begun(2)
        running.cancel()
        try await running.value
        for task in [waiting, Task { try await cache.get("c") }] {
            let result = await task.result
            guard case .failure(let error as EmbeddingCacheError) = result else {
                Issue.record("no error: \(result)")
                continue
            }
            #expect(error.code == .closed)
        }
        #expect(try await cache.get("a")?.vector == [1])
        source.answer([2])
    }

    @Test("a configuration that contradicts itself is refused with all its problems")
    func contradictions() {
        var configuration = Self.configuration()
        configuration.capacityInBytes = 1_000
        configuration.maxConcurrentLoads = 0
        configuration.absenceTimeToLive = .zero
        configuration.namespaces = [
            "a": EmbeddingNamespace(guaranteedBytes: 600), "b": EmbeddingNamespace(guaranteedBytes: 600, maxBytes: 500),
            "c": EmbeddingNamespace(metric: .cosine),
        ]
        configuration.otherNamespaces.guaranteedBytes = 1
        do {
            _ = try EmbeddingCache(source: ManualSource(), configuration: configuration)
            Issue.record("it was accepted")
        } catch {
            #expect(error.code == .invalidConfiguration)
            for word in [
                "maxConcurrentLoads", "absenceTimeToLive", "shares", "namespace b", "dimensions", "otherNamespaces",
            ] {
                #expect(error.message.contains(word), "\(word) in \(error.message)")
            }
        }
    }

    @Test("searches find what is in memory, by namespace, exactly, with filters")
    func search() async throws {
        let source = ClosureEmbeddingSource { key in Int(key.key).map { Embedding([Float($0), 0], version: 1) } }
        let cache = try EmbeddingCache(
            source: source,
            configuration: Self.configuration {
                $0.namespaces = ["points": EmbeddingNamespace(dimensions: 2, metric: .euclidean)]
            })
        // Enough for several blocks of rows.
        _ = try await cache.get((0..<900).map(String.init), in: "points")
        _ = try await cache.get((900..<1_800).map(String.init), in: "points")
        let near = try cache.search(near: [1_500.2, 0], count: 3, in: "points")
        #expect(near.map(\.key) == ["1500", "1501", "1499"])
        #expect(abs(near[0].score - 0.2) < 0.01)
        let even = try cache.search(near: [1_500.2, 0], count: 2, in: "points") { $0.hasSuffix("0") }
        #expect(even.map(\.key) == ["1500", "1510"])
        #expect(throws: EmbeddingCacheError.self) { try cache.search(near: [1, 2], count: 1) }
        #expect(throws: VectorProblem.self) { try cache.search(near: [1], count: 1, in: "points") }
    }
}
