import Foundation
import PostgresClient

/// The table of the agents' contexts in PostgreSQL, and those who change it.
struct Database {
    let port: Int
    var random: SeededGenerator
    private var agents: [String] = []
    private var versions: [String: Int64] = [:]
    private var connection: PostgresConnection?
    /// The changes so far.
    private(set) var changeCount = 0

    static let dimensions = 1_536
    private static let tasks = ["refunds", "card fraud", "account opening", "chargebacks", "limits", "travel", "loans"]

    init(port: Int, seed: UInt64) {
        self.port = port
        random = SeededGenerator(seed: seed)
    }

    private func connect() throws -> PostgresConnection {
        try PostgresConnection(
            [
                "host": "127.0.0.1", "port": "\(port)", "user": "millrace", "password": "millrace",
                "dbname": "postgres",
            ], limitMs: 10_000)
    }

    var isAnswering: Bool { (try? connect()) != nil }

    /// Makes the table with some rows.
    mutating func create(rows: Int) throws {
        let connection = try connect()
        try connection.run(
            """
            CREATE EXTENSION vector;
            CREATE TABLE agent_context (
                agent_id uuid PRIMARY KEY, metadata jsonb NOT NULL, embedding vector(\(Self.dimensions)) NOT NULL);
            ALTER TABLE agent_context REPLICA IDENTITY FULL;
            CREATE VIEW agent_embeddings AS
                SELECT agent_id, (metadata->>'version')::int8 AS version, embedding FROM agent_context
            """)
        self.connection = connection
        for _ in 0..<rows { try insert() }
    }

    /// Changes a row, or inserts or deletes one, and begins a new connection if the one before is lost.
    ///
    /// - Throws: `PostgresError` if the server is away. The change was made or not.
    mutating func change() throws {
        if connection == nil || connection?.isLost == true { connection = try connect() }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<78: try update(withEmbedding: false)
        case 78..<94: try update(withEmbedding: true)
        case 94..<97: try insert()
        default: try delete()
        }
        changeCount += 1
    }

    private mutating func insert() throws {
        let agent = uuid()
        _ = try connection?.run(
            "INSERT INTO agent_context VALUES ($1::uuid, $2::jsonb, $3::vector)",
            [.text(agent), .text(metadata(of: agent)), .text(vector())])
        agents.append(agent)
    }

    private mutating func update(withEmbedding: Bool) throws {
        guard let agent = agents.randomElement(using: &random) else { return }
        let metadata = metadata(of: agent)
        if withEmbedding {
            _ = try connection?.run(
                "UPDATE agent_context SET metadata = $2::jsonb, embedding = $3::vector WHERE agent_id = $1::uuid",
                [.text(agent), .text(metadata), .text(vector())])
        } else {
            _ = try connection?.run(
                "UPDATE agent_context SET metadata = $2::jsonb WHERE agent_id = $1::uuid",
                [.text(agent), .text(metadata)])
        }
    }

    private mutating func delete() throws {
        guard agents.count > 1, let index = agents.indices.randomElement(using: &random) else { return }
        _ = try connection?.run("DELETE FROM agent_context WHERE agent_id = $1::uuid", [.text(agents[index])])
        agents.remove(at: index)
    }

    private mutating func metadata(of agent: String) -> String {
        let version = (versions[agent] ?? 0) + 1
        versions[agent] = version
        let task = Self.tasks.randomElement(using: &random) ?? ""
        let tolerance = Double(Int.random(in: 0...100, using: &random)) / 100
        return #"{"version": \#(version), "task": "\#(task)", "tolerance": \#(tolerance)}"#
    }

    private mutating func vector() -> String {
        let components = (0..<Self.dimensions).map { _ in Float.random(in: -1...1, using: &random) }
        return "[\(components.map { "\($0)" }.joined(separator: ","))]"
    }

    private mutating func uuid() -> String {
        var id = UUID().uuid
        withUnsafeMutableBytes(of: &id) { bytes in
            for index in bytes.indices { bytes[index] = UInt8.random(in: .min ... .max, using: &random) }
        }
        return UUID(uuid: id).uuidString.lowercased()
    }

    /// The rows as they are now.
    func rows() throws -> [String: Fingerprint] {
        let result = try connect().run(
            "SELECT agent_id::text, metadata->>'version', embedding::text FROM agent_context")
        var rows: [String: Fingerprint] = [:]
        for row in 0..<result.rowCount {
            guard let agent = result.text(row: row, column: 0),
                let version = result.text(row: row, column: 1).flatMap({ Int64($0) }),
                let vector = result.text(row: row, column: 2)
            else { continue }
            let components = vector.dropFirst().dropLast().split(separator: ",").compactMap { Float($0) }
            rows[agent] = Fingerprint(version: version, embedding: components)
        }
        return rows
    }
}

/// Random numbers from a seed: SplitMix64.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
