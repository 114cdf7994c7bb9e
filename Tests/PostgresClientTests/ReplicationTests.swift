import PostgresClient
import Servers
import Testing

@Suite("PostgreSQL's stream of changes", .timeLimit(.minutes(15)))
struct ReplicationTests {
    private let server: TestPostgres
    private let connection: PostgresConnection
    private let name = "t\(UInt32.random(in: 0 ... .max))"

    init() throws {
        server = try postgres.get()
        connection = try server.connect()
    }

    /// Begins a stream of a slot, from its confirmed position.
    private func stream(from position: LogSequenceNumber = .init(rawValue: 0)) throws -> ReplicationStream {
        try ReplicationStream(on: server.connectForReplication(), slot: name, publications: [name], from: position)
    }

    private func makeTable(_ columns: String) throws {
        try connection.run("CREATE TABLE \(name) (\(columns)); CREATE PUBLICATION \(name) FOR TABLE \(name)")
        try connection.run("SELECT pg_create_logical_replication_slot('\(name)', 'pgoutput')")
    }

    /// Returns the messages up to the end of a number of transactions.
    private func messages(_ stream: ReplicationStream, transactions: Int = 1) throws -> [LogicalMessage] {
        var (found, rest) = ([LogicalMessage](), transactions)
        while rest > 0 {
            guard case .message(let message, at: _)? = try stream.next(withinMs: 300_000) else { continue }
            found.append(message)
            if case .commit = message { rest -= 1 }
        }
        return found
    }

    private func text(_ text: String) -> Row.Value { .text(Array(text.utf8)) }

    @Test("inserts, updates, deletes and truncations come in their transactions, in order")
    func changes() throws {
        try makeTable("k int PRIMARY KEY, v text")
        let stream = try stream()
        try connection.run(
            "BEGIN; INSERT INTO \(name) VALUES (1, 'a'), (2, NULL); UPDATE \(name) SET v = 'b' WHERE k = 1; COMMIT")
        try connection.run("UPDATE \(name) SET k = 3 WHERE k = 2; DELETE FROM \(name) WHERE k = 1")
        try connection.run("TRUNCATE \(name) RESTART IDENTITY")
        try connection.run("SELECT pg_logical_emit_message(true, 'note', 'hello')")
        let all = try messages(stream, transactions: 4)
        guard case .begin(let transaction) = all[0], case .relation(let relation) = all[1] else {
            Issue.record("\(all)")
            return
        }
        #expect(transaction.time.unixMs > 1_600_000_000_000)
        #expect(relation.schema == "public" && relation.name == name && relation.identity == .primaryKey)
        #expect(
            relation.columns == [.init(name: "k", type: 23, isKey: true), .init(name: "v", type: 25)])
        let id = relation.id
        let changes = all.filter { message in
            switch message {
            case .begin, .commit, .relation: false
            default: true
            }
        }
        #expect(
            Array(changes.prefix(6)) == [
                .insert(relation: id, Row([text("1"), text("a")])), .insert(relation: id, Row([text("2"), .null])),
                .update(relation: id, old: nil, Row([text("1"), text("b")])),
                .update(relation: id, old: .key(Row([text("2"), .null])), Row([text("3"), .null])),
                .delete(relation: id, .key(Row([text("1"), .null]))),
                .truncate(relations: [id], cascades: false, restartsIdentity: true),
            ])
        guard case .message("note", let bytes, isTransactional: true, _)? = changes.last else {
            Issue.record("\(changes)")
            return
        }
        #expect(String(decoding: bytes, as: UTF8.self) == "hello")
    }

    @Test("a large value that an update leaves alone is unchanged; under full identity the old row has it")
    func unchanged() throws {
        try makeTable("k int PRIMARY KEY, small text, large text")
        let stream = try stream()
        try connection.run("ALTER TABLE \(name) ALTER large SET STORAGE EXTERNAL")
        try connection.run("INSERT INTO \(name) VALUES (1, 'a', repeat('x', 20000))")
        try connection.run("UPDATE \(name) SET small = 'b'")
        try connection.run("ALTER TABLE \(name) REPLICA IDENTITY FULL; UPDATE \(name) SET small = 'c'")
        let all = try messages(stream, transactions: 3)
        let updates = all.compactMap { message -> (OldRow?, Row)? in
            if case .update(_, let old, let row) = message { (old, row) } else { nil }
        }
        #expect(updates.count == 2)
        #expect(updates.first?.0 == nil && updates.first?.1.values.last == .unchanged)
        guard case .full(let old)? = updates.last?.0 else {
            Issue.record("\(updates)")
            return
        }
        #expect(old.values == [text("1"), text("b"), text(String(repeating: "x", count: 20_000))])
        #expect(all.contains { if case .relation(let relation) = $0 { relation.identity == .full } else { false } })
    }

    @Test("what was not confirmed comes again, what was confirmed does not; keepalives answer")
    func confirmed() throws {
        try makeTable("k int PRIMARY KEY")
        try confirmFirstOfTwo()
        let again = try messages(streamOnceFree())
        #expect(again.contains { if case .insert(_, let row) = $0 { row.values == [text("2")] } else { false } })
        #expect(!again.contains { if case .insert(_, let row) = $0 { row.values == [text("1")] } else { false } })
    }

    /// Reads two transactions from a stream and confirms the first.
    private func confirmFirstOfTwo() throws {
        let stream = try stream()
        try connection.run("INSERT INTO \(name) VALUES (1)")
        guard case .commit(_, let end, _)? = try messages(stream).last else { return }
        try connection.run("INSERT INTO \(name) VALUES (2)")
        #expect(try messages(stream).count { if case .insert = $0 { true } else { false } } == 1)
        try stream.confirm(end, wantsReply: true)
        while true {
            if case .keepalive(let position, _)? = try stream.next(withinMs: 300_000), position >= end { break }
        }
    }

    /// Begins a stream once the server has noticed the end of the one before.
    private func streamOnceFree() throws -> ReplicationStream {
        while true {
            do { return try stream() } catch let error as PostgresError where error.code == "55006" { continue }
        }
    }

    @Test("a slot or publication that does not exist, and a server that ends, are errors with words")
    func failures() throws {
        let error = try #require(throws: PostgresError.self) { try self.stream() }
        #expect(error.code == "42704" && error.message.contains(name))
        let other = try TestPostgres()
        let connection = try other.connect()
        try connection.run("CREATE TABLE t (k int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t")
        try connection.run("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
        let stream = try ReplicationStream(
            on: other.connectForReplication(), slot: "s", publications: ["p"], from: .init(rawValue: 0))
        other.process.kill()
        let end = try #require(throws: PostgresError.self) {
            while true { _ = try stream.next(withinMs: 300_000) }
        }
        #expect(end.isConnectionLost)
    }

    @Test("positions are read and written as PostgreSQL has them")
    func positions() {
        let position = LogSequenceNumber("16/B374D848")
        #expect(position?.rawValue == 0x16_B374_D848 && position?.description == "16/B374D848")
        for text in ["", "/", "1", "1/2/3", "x/1", "1/", "100000000/0", "-1/0"] {
            #expect(LogSequenceNumber(text) == nil)
        }
    }

    @Test("bytes that are no message are refused, wherever they end")
    func garbage() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0..<40)).map { _ in UInt8.random(in: 0...255, using: &random) }
            if !bytes.isEmpty { bytes[0] = "BCRYIUDTMO".utf8.randomElement() ?? 0 }
            bytes.withUnsafeBytes { bytes in
                do { _ = try LogicalMessage(bytes) } catch { #expect(!"\(error)".isEmpty) }
            }
        }
    }
}
