/// The durable place from which an ``EmbeddingCache`` loads: a table, a database, a model.
///
/// The cache bounds how many loads run at once, and loads a key once however many ask for it. A load is cancelled when its time is
/// over or the cache ends; a source that goes on all the same keeps its place among the loads that run at once until it returns.
public protocol EmbeddingSource: Sendable {
    /// The most keys that one load takes; 1 for a source that loads one by one.
    var maxBatchCount: Int { get }

    /// Loads some keys.
    ///
    /// - Parameters:
    ///   - keys: The keys, at most ``maxBatchCount``, each once. They may be of several namespaces.
    ///   - timeout: The time after which nobody waits for the answer any more.
    /// - Returns: The embeddings that there are. A key that is missing in the answer is absent in the source, which the cache remembers.
    /// - Throws: Any `Error` if the source cannot answer. Everybody who waits for one of the keys gets it, and nothing is remembered.
    func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding]

    /// Loads some keys of which the cache has heard that newer versions exist.
    ///
    /// A source that keeps copies of another one, such as ``LayeredEmbeddings``, passes over copies that are older. For every other source
    /// this is ``load(_:within:)``, which is what it does by default.
    ///
    /// - Parameters:
    ///   - keys: The keys, at most ``maxBatchCount``, each once.
    ///   - versions: The versions of some of the keys that are known to exist; `Int64.max` for a key that has changed, or is gone, and nobody
    ///     knows to which version.
    ///   - timeout: The time after which nobody waits for the answer any more.
    /// - Returns: The embeddings that there are.
    /// - Throws: Any `Error` if the source cannot answer.
    func load(
        _ keys: [EmbeddingKey], atLeast versions: [EmbeddingKey: Int64], within timeout: Duration
    ) async throws -> [EmbeddingKey: Embedding]
}

extension EmbeddingSource {
    /// Loads some keys, whatever their versions.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - versions: The versions that are known to exist, which are not looked at.
    ///   - timeout: The time after which nobody waits for the answer any more.
    /// - Returns: The embeddings that there are.
    /// - Throws: Any `Error` if the source cannot answer.
    public func load(
        _ keys: [EmbeddingKey], atLeast versions: [EmbeddingKey: Int64], within timeout: Duration
    ) async throws -> [EmbeddingKey: Embedding] { try await load(keys, within: timeout) }
}

/// A source that is a closure.
///
/// ```swift
/// let source = ClosureEmbeddingSource { key in
///     try await model.embedding(of: key.key).map { Embedding($0) }
/// }
/// ```
public struct ClosureEmbeddingSource: EmbeddingSource {
    public let maxBatchCount: Int
    private let body: @Sendable ([EmbeddingKey], Duration) async throws -> [EmbeddingKey: Embedding]

    /// Makes a source that loads one key at a time.
    ///
    /// - Parameter load: Returns the embedding of a key, or `nil` if there is none.
    public init(_ load: @escaping @Sendable (EmbeddingKey) async throws -> Embedding?) {
        maxBatchCount = 1
        body = { keys, _ in
            var found: [EmbeddingKey: Embedding] = [:]
            for key in keys { found[key] = try await load(key) }
            return found
        }
    }

    /// Makes a source that loads several keys at once.
    ///
    /// - Parameters:
    ///   - maxBatchCount: The most keys that the closure gets; at least 1.
    ///   - load: Returns the embeddings of keys that there are, within a time.
    public init(
        maxBatchCount: Int,
        _ load:
            @escaping @Sendable (_ keys: [EmbeddingKey], _ timeout: Duration) async throws -> [EmbeddingKey: Embedding]
    ) {
        self.maxBatchCount = max(1, maxBatchCount)
        body = load
    }

    /// Loads some keys.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - timeout: The time after which nobody waits for the answer any more.
    /// - Returns: The embeddings that there are.
    /// - Throws: The `Error` of the closure.
    public func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
        try await body(keys, timeout)
    }
}
