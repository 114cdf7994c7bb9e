import Millrace
public import MillraceConnect
public import MillraceVectors
import NIOCore
import RedisClient

/// Embeddings in hashes of Redis or Valkey, as the source of an `EmbeddingCache`, or as the first layer in front of a database.
///
/// A load is one pipeline of HMGET on one of a few shared connections. A connection that has ended is made anew by the next load.
///
/// ```swift
/// let redis = try RedisEmbeddings()
/// let cache = try EmbeddingCache("agents", source: redis)
/// ```
public final class RedisEmbeddings: EmbeddingStore {
    /// The settings of a place of embeddings in Redis.
    public struct Configuration: Sendable, Hashable {
        /// The server.
        public var server = RedisServerSettings()
        /// The form in which Redis has embeddings.
        public var layout = RedisVectorLayout()
        /// The number of connections; 2 by default.
        public var connectionCount = 2
        /// The number of keys that one load takes; 100 by default.
        public var batchCount = 100
        /// The time to live of embeddings that are stored here; 5 minutes by default, `nil` for no end. It bounds the time for which an entry
        /// outlives its deletion in the database, if the deletion came between a load and its storing.
        public var timeToLive: Duration? = .seconds(300)

        /// Makes settings.
        ///
        /// - Parameter server: the server; one on this machine by default.
        public init(server: RedisServerSettings = RedisServerSettings()) { self.server = server }

        /// The problems of the settings, each a sentence; empty if there are none.
        public func problems() -> [String] {
            var problems = server.problems()
            if !(1...64).contains(connectionCount) { problems.append("the connections must be 1 to 64") }
            if !(1...10_000).contains(batchCount) { problems.append("a load must have 1 to 10000 keys") }
            if layout.vectorField.isEmpty || layout.versionField.isEmpty || layout.vectorField == layout.versionField {
                problems.append("the vector and the version need different fields")
            }
            if let timeToLive, timeToLive < .milliseconds(1) {
                problems.append("the time to live must be 1 ms or more")
            }
            return problems
        }
    }

    /// The configuration.
    public let configuration: Configuration
    private let pool: RedisPool
    private var layout: RedisVectorLayout { configuration.layout }

    /// Makes a source. It does not connect yet.
    ///
    /// - Parameter configuration: the settings; those of a server on this machine by default.
    /// - Throws: `ConnectorError` with all problems of the settings.
    public init(_ configuration: Configuration = Configuration()) throws(ConnectorError) {
        let problems = configuration.problems()
        if !problems.isEmpty { throw ConnectorError(.permanent, problems.joined(separator: "; ")) }
        self.configuration = configuration
        pool = RedisPool(configuration.server, count: configuration.connectionCount)
    }

    public var maxBatchCount: Int { configuration.batchCount }

    /// Loads some keys.
    ///
    /// - Parameters:
    ///   - keys: the keys.
    ///   - timeout: the time after which nobody waits for the answer any more.
    /// - Returns: the embeddings that Redis has.
    /// - Throws: `ConnectorError` if Redis does not answer in time, or has something else than an embedding under one of the keys.
    public func load(_ keys: [EmbeddingKey], within timeout: Duration) async throws -> [EmbeddingKey: Embedding] {
        let named = keys.compactMap { key in layout.hashKey(of: key).map { (key, $0) } }
        if named.isEmpty { return [:] }
        let commands = named.map { _, name -> RedisCommand in
            ["HMGET", .init(name), .init(layout.vectorField), .init(layout.versionField)]
        }
        var found: [EmbeddingKey: Embedding] = [:]
        for ((key, name), answer) in zip(named, try await send(commands, within: timeout)) {
            found[key] = try embedding(answer, name)
        }
        return found
    }

    private func embedding(_ answer: RedisValue, _ name: String) throws -> Embedding? {
        if case .failure(let words) = answer { throw failure(.refused(words, command: "HMGET"), about: name) }
        guard let members = answer.elements, members.count == 2, let bytes = members[0].bytes else { return nil }
        guard let vector = RedisVectorLayout.vector(of: bytes) else {
            throw ConnectorError(
                .permanent,
                "the field \(layout.vectorField) of \(name) has \(bytes.readableBytes) bytes, which are no vector of FLOAT32"
            )
        }
        return Embedding(vector, version: members[1].integer ?? 0)
    }

    /// Writes embeddings, unless Redis has newer versions. One of version 0 replaces no other version.
    ///
    /// - Parameter embeddings: the embeddings, by their keys.
    /// - Throws: `ConnectorError`.
    public func store(_ embeddings: [EmbeddingKey: Embedding]) async throws {
        let timeToLiveMs = configuration.timeToLive.map { TimeSpan($0).ms } ?? 0
        let commands = embeddings.compactMap { key, embedding -> RedisCommand? in
            guard let name = layout.hashKey(of: key) else { return nil }
            return [
                "EVAL", .init(Self.storing), "1", .init(name), .init(layout.versionField), "\(embedding.version)",
                .init(layout.vectorField), .init(RedisVectorLayout.bytes(of: embedding.vector)), "\(timeToLiveMs)",
            ]
        }
        try await run(commands)
    }

    /// Removes embeddings, unless Redis has newer versions.
    ///
    /// - Parameter versions: the versions that are to be removed, by their keys.
    /// - Throws: `ConnectorError`.
    public func remove(_ versions: [EmbeddingKey: Int64]) async throws {
        try await run(
            versions.compactMap { key, version -> RedisCommand? in
                layout.hashKey(of: key).map { name in
                    ["EVAL", .init(Self.removing), "1", .init(name), .init(layout.versionField), "\(version)"]
                }
            })
    }

    private func run(_ scripts: [RedisCommand]) async throws {
        if scripts.isEmpty { return }
        for answer in try await send(scripts, within: configuration.server.commandTimeout) {
            if case .failure(let words) = answer {
                throw failure(.refused(words, command: "EVAL"), about: layout.prefix)
            }
        }
    }

    /// Numbers of Lua have 53 bits, so versions are compared as texts.
    private static let comparison = """
        local function isNewer(new, old)
            if new:match('^%d+$') and old:match('^%d+$') then
                if #new ~= #old then return #new > #old end
                return new > old
            end
            return (tonumber(new) or 0) > (tonumber(old) or 0)
        end
        local held = redis.call('HGET', KEYS[1], ARGV[1])
        """

    private static let storing = """
        \(comparison)
        if held and held ~= '0' and not isNewer(ARGV[2], held) then return 0 end
        redis.call('HSET', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
        if ARGV[5] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
        return 1
        """

    private static let removing = """
        \(comparison)
        if held and isNewer(held, ARGV[2]) then return 0 end
        return redis.call('DEL', KEYS[1])
        """

    private func send(_ commands: [RedisCommand], within timeout: Duration) async throws -> [RedisValue] {
        do { return try await pool.connection().send(commands, within: timeout) } catch let error as RedisError {
            throw failure(error, about: layout.prefix)
        }
    }

    private func failure(_ error: RedisError, about name: String) -> ConnectorError {
        RedisFailures.error(
            error, at: "\(configuration.server.host):\(configuration.server.port)", about: "the embeddings \(name)")
    }
}
