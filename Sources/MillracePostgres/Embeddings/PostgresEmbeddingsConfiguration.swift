/// The settings of ``PostgresEmbeddings``.
public struct PostgresEmbeddingsConfiguration: Sendable, Hashable {
    /// The servers that have the table: a primary and its replicas. The nearest is asked first, and the others if it does not answer.
    public var servers: [PostgresServer]
    /// The table, as `schema.table` or, in the schema `public`, as `table`.
    public var table: String
    /// The column of keys, of a type that texts can be read as. It needs an index.
    public var keyColumn: String
    /// The column of vectors: pgvector's `vector`, `real[]`, or `bytea` with 32-bit floats, little end first. Null means absent.
    public var vectorColumn: String
    /// The column of namespaces; `nil`, the default, if all keys are of the namespace "".
    public var namespaceColumn: String?
    /// The column of versions, an integer; `nil`, the default, for none.
    public var versionColumn: String?
    /// The number of connections to each server, each with a thread; 2 by default.
    public var connectionCount = 2
    /// The most keys that one query takes; 100 by default.
    public var maxBatchCount = 100
    /// The number of loads that may wait for a connection to one server; 1,000 by default.
    public var maxWaitingCount = 1_000
    /// The time after which the next server is asked, in milliseconds; 500 by default.
    public var attemptLimitMs = 500
    /// The time between measurements of how near a server is, and between attempts to reach one that is away, in milliseconds; 5,000 by
    /// default.
    public var measureIntervalMs = 5_000

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - servers: the servers.
    ///   - table: the table, as `schema.table`.
    ///   - keyColumn: the column of keys.
    ///   - vectorColumn: the column of vectors.
    public init(servers: [PostgresServer], table: String, keyColumn: String, vectorColumn: String) {
        self.servers = servers
        self.table = table
        self.keyColumn = keyColumn
        self.vectorColumn = vectorColumn
    }

    /// Returns a sentence for each setting that cannot be right.
    public func problems() -> [String] {
        var problems = servers.flatMap { $0.problems() }
        if servers.isEmpty { problems.append("There are no servers: name at least one.") }
        let name = TableName(table)
        if name.schema.isEmpty || name.name.isEmpty {
            problems.append("The table \"\(table)\" has no name: write schema.table.")
        }
        if keyColumn.isEmpty || vectorColumn.isEmpty {
            problems.append("The columns of keys and of vectors need names.")
        }
        let counts = [connectionCount, maxBatchCount, maxWaitingCount, attemptLimitMs, measureIntervalMs]
        if counts.contains(where: { $0 <= 0 }) {
            problems.append("Counts and times have to be positive.")
        }
        if connectionCount > 100 { problems.append("\(connectionCount) connections are too many: 100 is the most.") }
        return problems
    }
}
