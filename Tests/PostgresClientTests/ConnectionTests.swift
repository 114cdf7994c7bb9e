import Foundation
import PostgresClient
import Servers
import Testing

/// The server that the tests of this module share.
let postgres = Result { try TestPostgres() }

@Suite("A connection to PostgreSQL", .timeLimit(.minutes(15)))
struct ConnectionTests {
    private let server: TestPostgres

    init() throws { server = try postgres.get() }

    @Test("parameters come back as they went, in texts and in binary form")
    func values() throws {
        let connection = try server.connect()
        #expect(connection.serverVersion >= 150_000)
        let texts = ["", "a", "grüße, 😀", "quote ' and \\ \"", String(repeating: "x", count: 100_000)]
        for text in texts {
            #expect(try connection.run("SELECT $1::text", [.text(text)]).texts == [[text]])
            #expect(try connection.run("SELECT \(connection.literal(text))").texts == [[text]])
        }
        #expect(try connection.run("SELECT $1::text", [.null]).texts == [[nil]])
        let bytes: [UInt8] = [0, 255, 1, 0]
        let result = try connection.run("SELECT $1::bytea, $2::int8", [.binary(bytes), .text("7")], isBinary: true)
        #expect(result.withBytes(row: 0, column: 0) { Array($0) } == bytes)
        #expect(result.withBytes(row: 0, column: 1) { Array($0) } == [0, 0, 0, 0, 0, 0, 0, 7])
        #expect(
            try connection.run("SELECT $1::bytea", [.binary([])], isBinary: true).withBytes(row: 0, column: 0) {
                $0.count
            } == 0)
        #expect(result.type(ofColumn: 0) == 17 && result.type(ofColumn: 9) == 0)
        #expect(result.text(row: 5, column: 0) == nil && result.text(row: 0, column: 5) == nil)
    }

    @Test("a prepared statement runs again and again, and says how many rows it changed")
    func prepared() throws {
        let connection = try server.connect()
        try connection.run("CREATE TEMP TABLE t (k int PRIMARY KEY, v text)")
        try connection.prepare("put", "INSERT INTO t VALUES ($1, $2) ON CONFLICT (k) DO UPDATE SET v = excluded.v")
        for round in 0..<20 {
            let result = try connection.run(prepared: "put", [.text("\(round % 10)"), .text("v\(round)")])
            #expect(result.changedCount == 1)
        }
        let names = try connection.run("SELECT k AS \"the key\", v FROM t ORDER BY k")
        #expect(names.columnNames == ["the key", "v"])
        #expect(names.texts.map { $0[1] } == (10..<20).map { "v\($0)" })
    }

    @Test("a statement that fails throws the server's code and words, and the connection goes on")
    func failure() throws {
        let connection = try server.connect()
        let error = try #require(throws: PostgresError.self) { try connection.run("SELECT * FROM nowhere") }
        #expect(error.code == "42P01" && error.message.contains("nowhere"))
        #expect(!error.isRetriable && !error.isOfData && !error.isConnectionLost)
        try connection.run("CREATE TEMP TABLE t (k int PRIMARY KEY); INSERT INTO t VALUES (1)")
        let violation = try #require(throws: PostgresError.self) { try connection.run("INSERT INTO t VALUES (1)") }
        #expect(violation.code == "23505" && violation.isOfData)
        #expect(violation.details.contains { $0.contains("(1)") })
        // The first failure of several statements counts.
        let first = try #require(throws: PostgresError.self) { try connection.run("SELECT 1/0; SELECT * FROM nowhere") }
        #expect(first.code == "22012")
        #expect(try connection.run("SELECT 1").texts == [["1"]])
        try connection.run("BEGIN")
        #expect(connection.isInTransaction)
        try connection.run("ROLLBACK")
        #expect(!connection.isInTransaction)
    }

    @Test("a wrong password, an unknown database, a port that nobody listens on: each says so, without the password")
    func refused() throws {
        for (name, value, code) in [("password", "s3cret-guess", "28P01"), ("dbname", "nothing", "3D000")] {
            var settings = server.settings
            settings[name] = value
            let error = try #require(throws: PostgresError.self) { try PostgresConnection(settings) }
            #expect(error.isConnectionLost && error.context == "connect to 127.0.0.1:\(server.port)")
            #expect(!error.description.contains("s3cret-guess") && !"\(settings)".contains("s3cret-guess"))
            #expect(!String(reflecting: settings).contains("s3cret-guess"))
            #expect(error.message.contains(name == "password" ? "password" : "nothing"), "\(code): \(error)")
        }
        var settings = server.settings
        settings["port"] = "1"
        let error = try #require(throws: PostgresError.self) { try PostgresConnection(settings) }
        #expect(error.isConnectionLost && error.message.contains("refused"))
        settings["nonsense"] = "1"
        #expect(throws: PostgresError.self) { try PostgresConnection(settings) }
    }

    @Test("a call ends at its time limit, and the connection is lost")
    func limit() throws {
        let connection = try server.connect(limitMs: 200)
        let error = try #require(throws: PostgresError.self) { try connection.run("SELECT pg_sleep(3600)") }
        #expect(error.isConnectionLost && error.message.contains("did not answer within 200 ms"))
    }

    @Test("rows are copied in and out; rows that are taken back leave nothing")
    func copy() throws {
        let connection = try server.connect()
        try connection.run("CREATE TEMP TABLE t (k int, v text)")
        let lines = (0..<50_000).map { "\($0)\tvalue \($0)\n" }.joined()
        let count = try connection.copyIn("COPY t FROM STDIN") { input in
            var lines = lines
            try lines.withUTF8 { try input.write(UnsafeRawBufferPointer($0)) }
        }
        #expect(count == 50_000)
        struct Change: Error {}
        #expect(throws: Change.self) {
            try connection.copyIn("COPY t FROM STDIN") { input in
                var line = "7\tx\n"
                try line.withUTF8 { try input.write(UnsafeRawBufferPointer($0)) }
                throw Change()
            }
        }
        #expect(try connection.run("SELECT count(*) FROM t").texts == [["50000"]])
        var found = ""
        try connection.copyOut("COPY (SELECT * FROM t ORDER BY k) TO STDOUT") {
            found += String(decoding: $0, as: UTF8.self)
        }
        #expect(found == lines)
        #expect(throws: Change.self) { try connection.copyOut("COPY t TO STDOUT") { _ in throw Change() } }
        #expect(try connection.run("SELECT 1").texts == [["1"]])
        let error = try #require(throws: PostgresError.self) {
            try connection.copyIn("COPY t FROM STDIN") { input in
                var line = "no number\tx\n"
                try line.withUTF8 { try input.write(UnsafeRawBufferPointer($0)) }
            }
        }
        #expect(error.code == "22P02" && error.isOfData)
        #expect(throws: PostgresError.self) { try connection.copyIn("COPY nowhere FROM STDIN") { _ in } }
        #expect(throws: PostgresError.self) { try connection.copyIn("SELECT 1") { _ in } }
        #expect(throws: PostgresError.self) { try connection.run("COPY t TO STDOUT") }
    }

    @Test("statements around a COPY run in one go, and their answer comes later")
    func copyAmongStatements() throws {
        let connection = try server.connect()
        try connection.run("CREATE TEMP TABLE t (k int)")
        func copy(_ statements: String, _ line: String) throws {
            try connection.startCopyIn(statements) { input in
                var line = line + "\n"
                try line.withUTF8 { try input.write(UnsafeRawBufferPointer($0)) }
            }
        }
        let statements = "TRUNCATE t; COPY t FROM STDIN; INSERT INTO t VALUES (7); SELECT count(*) FROM t"
        try copy(statements, "1")
        #expect(try connection.finishCopyIn(statements).texts == [["2"]])
        try copy(statements, "x")
        #expect(try #require(throws: PostgresError.self) { try connection.finishCopyIn(statements) }.code == "22P02")
        #expect(throws: PostgresError.self) { try copy("TRUNCATE nowhere; COPY t FROM STDIN", "1") }
        #expect(throws: PostgresError.self) { try copy("TRUNCATE t; TRUNCATE t", "1") }
        #expect(try connection.run("SELECT count(*) FROM t").texts == [["0"]])
    }

    @Test("the code of a missing right is that of a policy, too; the place in the server tells them apart")
    func policies() throws {
        let connection = try server.connect()
        try connection.run(
            """
            CREATE ROLE clerk; CREATE TABLE notes (k int); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
            CREATE POLICY small ON notes TO clerk USING (k < 10); GRANT INSERT ON notes TO clerk; SET ROLE clerk
            """)
        let policy = try #require(throws: PostgresError.self) { try connection.run("INSERT INTO notes VALUES (10)") }
        let right = try #require(throws: PostgresError.self) { try connection.run("DELETE FROM notes") }
        #expect(policy.code == "42501" && policy.isOfPolicy)
        #expect(right.code == "42501" && !right.isOfPolicy)
    }

    @Test("a server that is killed ends the connection with an error, and a new connection works after its start")
    func killed() throws {
        let server = try TestPostgres()
        let connection = try server.connect()
        server.process.kill()
        let error = try #require(throws: PostgresError.self) { try connection.run("SELECT 1") }
        #expect(error.isConnectionLost && error.isRetriable && connection.isLost)
        try server.process.start()
        #expect(try server.connect().run("SELECT 1").texts == [["1"]])
    }
}
