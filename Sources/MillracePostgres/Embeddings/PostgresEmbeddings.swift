public import MillraceConnect
public import MillraceVectors

/// The embeddings in a table of PostgreSQL, as the source of an `EmbeddingCache`.
///
/// ```swift
/// let embeddings = try PostgresEmbeddings(
///     PostgresEmbeddingsConfiguration(
///         servers: [replica, primary], table: "agent_context", keyColumn: "agent_id", vectorColumn: "embedding"))
/// let cache = try EmbeddingCache(source: embeddings)
/// ```
///
/// Each connection has a thread of its own, so that waiting for a server takes no thread of Swift's pool. Servers are asked in the order
/// of their measured round trips; one that failed comes last until it answers again. An embedding that a replica does not have yet
/// counts as absent, unless a version of it was announced: then the primary is asked.
public final class PostgresEmbeddings: EmbeddingSource {
    /// The most keys that one load takes.
    public let maxBatchCount: Int
    private let servers: [EmbeddingServer]

    /// Makes a source and begins to connect.
    ///
    /// - Parameter configuration: the settings.
    /// - Throws: `ConnectorError` with a sentence for each setting that cannot be right.
    public init(_ configuration: PostgresEmbeddingsConfiguration) throws(ConnectorError) {
        let problems = configuration.problems()
        if !problems.isEmpty { throw ConnectorError(.permanent, problems.joined(separator: " ")) }
        maxBatchCount = configuration.maxBatchCount
        servers = configuration.servers.map { EmbeddingServer($0, configuration) }
        for server in servers { server.start() }
    }

    deinit { close() }

    /// Ends all connections. Loads that wait fail.
    public func close() {
        for server in servers { server.close() }
    }

    /// The servers, as `user@host:port/database`, in the order in which they are asked at present.
    public var order: [String] { ordered.map(\.name) }

    /// The servers that answer by their distance, then those that are away.
    private var ordered: [EmbeddingServer] {
        servers.map { ($0, $0.distance) }.enumerated()
            .sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }.map(\.element.0)
    }

    /// Loads embeddings from the nearest server that answers.
    ///
    /// - Parameters:
    ///   - keys: the keys.
    ///   - timeout: the time after which nobody waits for the answer any more. No server is asked after it.
    /// - Returns: the embeddings that there are.
    /// - Throws: `ConnectorError` of the last server, if none answers.
    public func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
        try await load(keys, from: ordered, until: ContinuousClock.now + timeout).found
    }

    /// Loads embeddings from the nearest server that answers, and from a primary those that are older there than is known.
    ///
    /// - Parameters:
    ///   - keys: the keys.
    ///   - versions: the versions of some of the keys that are known to exist; `Int64.max` for one that only a primary can tell.
    ///   - timeout: the time after which nobody waits for the answer any more. No server is asked after it.
    /// - Returns: the embeddings that there are. An older one than is known is among them if no primary answers.
    /// - Throws: `ConnectorError` of the last server, if none answers, or if no primary does for a key that only it can tell.
    public func load(
        _ keys: [EmbeddingKey], atLeast versions: [EmbeddingKey: Int64], within timeout: Duration
    ) async throws -> [EmbeddingKey: Embedding] {
        let deadline = ContinuousClock.now + timeout
        var (found, server) = try await load(keys, from: ordered, until: deadline)
        let old = keys.filter { key in versions[key].map { found[key]?.version ?? .min < $0 } ?? false }
        if old.isEmpty || server.isPrimary { return found }
        do throws(ConnectorError) {
            let newest = try await load(old, from: ordered.filter(\.isPrimary), until: deadline).found
            for key in old { found[key] = newest[key] }
        } catch {
            if old.contains(where: { versions[$0] == .max }) { throw error }
        }
        return found
    }

    private func load(
        _ keys: [EmbeddingKey], from servers: [EmbeddingServer], until deadline: ContinuousClock.Instant
    ) async throws(ConnectorError) -> (found: [EmbeddingKey: Embedding], server: EmbeddingServer) {
        var failure = ConnectorError(
            .temporary,
            servers.isEmpty ? "No primary of the embeddings answers." : "No server was asked for embeddings in time.")
        for server in servers where ContinuousClock.now < deadline {
            do throws(ConnectorError) { return (try await server.load(keys, until: deadline), server) } catch {
                failure = error
                // Another server would refuse the same keys.
                if error.kind == .permanent { break }
            }
        }
        throw failure
    }
}
