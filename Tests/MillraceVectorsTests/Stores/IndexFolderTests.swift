import Foundation
import Logging
import Millrace
import MillraceRuntime
import MillraceTesting
import Synchronization
import TestSupport
import Testing

@testable import MillraceVectors

@Suite("The folder of an index in a state directory")
struct IndexFolderTests {
    private typealias Index = VectorIndex<String, [Float]>

    private static let similar = Index("similar", of: { $0 }, dimensions: 4, metric: .euclidean)
    private let directory: ScratchDirectory
    private let model: IndexModel

    init() throws {
        directory = try ScratchDirectory()
        var (numbers, model) = (SeededNumbers(seed: 5), IndexModel())
        for number in 0..<300 {
            model.set("key-\(number)", to: (0..<4).map { _ in Float.random(in: 0.1...1, using: &numbers) })
        }
        self.model = model
    }

    private func driver(_ indexes: [Index]) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        let store = indexes.reduce(Materialized<String, [Float]>.store("vectors")) { $0.indexed(by: $1) }
        builder.table("vectors", key: .string, value: .json([Float].self), into: store)
        return try TopologyTestDriver(try builder.build(), storage: .rocksDB(in: directory.path))
    }

    private func fill(_ driver: TopologyTestDriver) throws {
        let input = driver.inputTopic("vectors", key: .string, value: .json([Float].self))
        for (key, vector) in model.vectors { try input.pipe(key: key, value: vector) }
        try driver.checkpoint()
    }

    /// Runs an instance with these indexes to its end.
    private func run(_ indexes: [Index], _ body: (TopologyTestDriver) async throws -> Void) async throws {
        let driver = try driver(indexes)
        defer { driver.close() }
        try await body(driver)
    }

    /// The paths in an index's folder.
    private func files(of index: String) throws -> [String] {
        let paths = FileManager.default.subpaths(atPath: directory.path) ?? []
        return paths.filter { $0.contains("/index/vectors/\(index)/") }.sorted()
    }

    private func hasFolder(_ index: String) -> Bool {
        (FileManager.default.subpaths(atPath: directory.path) ?? []).contains {
            $0.hasSuffix("/index/vectors/\(index)")
        }
    }

    /// Whether the index is complete, which one that is made anew is not before its thread is done and the next commit.
    private func isComplete(_ driver: TopologyTestDriver, _ index: Index) throws -> Bool {
        try driver.store(.vectors(index)).search(
            near: [Float](repeating: 1, count: index.dimensions), count: 1
        ).isIndexComplete
    }

    /// Compares searches, at once and when the index is complete, with what the vectors of the model give.
    private func check(
        _ driver: TopologyTestDriver, _ index: Index, vector: (String) -> [Float]? = { _ in nil }
    ) async throws {
        let expected = IndexModel(
            vectors: Dictionary(uniqueKeysWithValues: model.vectors.map { ($0.key, vector($0.key) ?? $0.value) }))
        let handle = try driver.store(.vectors(index))
        let query = (0..<index.dimensions).map { Float($0 + 1) / 4 }
        let end = ContinuousClock.now + .seconds(900)
        while true {
            let found = try handle.search(near: query, count: 10, effort: .exact)
            #expect(
                expected.isNearest(found.matches.map(\.key), to: query, count: 10, metric: index.metric),
                "complete: \(found.isIndexComplete), \(found.matches.map(\.key))")
            if found.isIndexComplete { return }
            try #require(ContinuousClock.now < end, "the index is not complete")
            try await Task.sleep(for: .milliseconds(5))
            try driver.checkpoint()
        }
    }

    /// Makes an index complete.
    private func make(
        _ driver: TopologyTestDriver, _ index: Index, vector: (String) -> [Float]? = { _ in nil }
    ) async throws {
        try fill(driver)
        try await check(driver, index, vector: vector)
    }

    @Test("is kept by a restart with the same declaration")
    func same() async throws {
        try await run([Self.similar]) { try await make($0, Self.similar) }
        try await run([Self.similar]) { driver in
            #expect(try isComplete(driver, Self.similar))
            try await check(driver, Self.similar)
        }
    }

    @Test("is made anew once for a store that has entries already, though nothing is written afterwards")
    func once() async throws {
        let count = Mutex(0)
        func run(_ supplier: StoreIndexSupplier<[Float]>?, _ body: (TopologyTestDriver) async throws -> Void)
            async throws
        {
            let builder = StreamsBuilder()
            let store = Materialized<String, [Float]>.store("vectors")
            builder.table(
                "vectors", key: .string, value: .json([Float].self), into: supplier.map(store.indexed) ?? store)
            let driver = try TopologyTestDriver(try builder.build(), storage: .rocksDB(in: directory.path))
            defer { driver.close() }
            try await body(driver)
        }
        let declared = Self.similar.supplier
        let supplier = StoreIndexSupplier(declared.name, kind: "vectors", access: declared.access) { context, value in
            CountedIndex(try VectorStoreIndex(Self.similar, value, in: context)) { count.withLock { $0 += 1 } }
        }
        try await run(nil) { try fill($0) }
        for _ in 0..<3 {
            try await run(supplier) { try await check($0, Self.similar) }
            #expect(count.withLock(\.self) == 1)
        }
    }

    @Test("is filled anew if the declaration has changed", arguments: 0..<4)
    func changed(change: Int) async throws {
        try await run([Self.similar]) { try await make($0, Self.similar) }
        let changed = [
            Index("similar", of: { Array($0.prefix(3)) }, dimensions: 3, metric: .euclidean),
            Index("similar", of: { $0 }, dimensions: 4, metric: .cosine),
            Index("similar", of: { $0 }, dimensions: 4, metric: .euclidean, element: .int8),
            Index(
                "similar", of: { $0 }, dimensions: 4, metric: .euclidean,
                attributes: [.number("first") { Double($0[0]) }]),
        ][change]
        try await run([changed]) { driver in
            #expect(try !isComplete(driver, changed))
            try await make(driver, changed) { key in model.vectors[key].map { Array($0.prefix(changed.dimensions)) } }
        }
        // And back: nothing of the other declaration is left.
        try await run([Self.similar]) { driver in
            #expect(try !isComplete(driver, Self.similar))
            try await check(driver, Self.similar)
        }
    }

    @Test("is deleted with the index, and that of another index of the store stays")
    func removed() async throws {
        let other = Index("other", of: { $0.reversed() }, dimensions: 4, metric: .euclidean)
        func vector(_ key: String) -> [Float]? { model.vectors[key].map { $0.reversed() } }
        try await run([Self.similar, other]) { try await make($0, other, vector: vector) }
        #expect(hasFolder("other") && hasFolder("similar"))
        try await run([other]) { driver in
            #expect(try isComplete(driver, other))
            try await check(driver, other, vector: vector)
        }
        #expect(!hasFolder("similar"))
        try await run([]) { _ in }
        #expect(!hasFolder("other"))
        try await run([Self.similar]) { try await self.check($0, Self.similar) }
    }

    @Test("is refused to a second instance, which changes nothing in it")
    func twice() async throws {
        try await run([Self.similar]) { driver in
            try fill(driver)
            let before = try files(of: "similar")
            let error = #expect(throws: StreamsError.self) { try self.driver([]) }
            #expect(error?.code == .stateStore)
            #expect(try files(of: "similar") == before)
            try await check(driver, Self.similar)
        }
    }

    @Test("is emptied by a reset, and filled with what comes then")
    func reset() async throws {
        try await run([Self.similar]) { try fill($0) }
        let application = try #require(FileManager.default.contentsOfDirectory(atPath: directory.path).first)
        let state = try StateDirectory(
            directory.path, applicationID: application, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try state.removeAllState()
        state.close()
        #expect(!hasFolder("similar"))
        try await run([Self.similar]) { driver in
            let empty = try driver.store(.vectors(Self.similar)).search(near: [1, 1, 1, 1], count: 10)
            #expect(empty.matches.isEmpty)
            try fill(driver)
            try await check(driver, Self.similar)
        }
    }
}

/// An index that tells when it is made anew.
private final class CountedIndex<Inner: StoreIndex>: StoreIndex {
    private let inner: Inner
    private let onRebuild: () -> Void

    init(_ inner: Inner, onRebuild: @escaping () -> Void) {
        self.inner = inner
        self.onRebuild = onRebuild
    }

    var position: Position { inner.position }
    var isCommitWanted: Bool { inner.isCommitWanted }

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        try inner.apply(key: key, value: value)
    }

    func commit(at position: Position) throws -> Inner.View { try inner.commit(at: position) }
    func checkpoint() throws { try inner.checkpoint() }

    func rebuild(from entries: StoreIndexEntries) throws {
        onRebuild()
        try inner.rebuild(from: entries)
    }

    func removeAll() throws { try inner.removeAll() }
    func close() { inner.close() }
}
