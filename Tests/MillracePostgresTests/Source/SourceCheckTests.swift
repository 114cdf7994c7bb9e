import MillraceConnect
import MillracePostgres
import PostgresClient
import Servers
import Testing

@Suite("Checks of a PostgreSQL source", .timeLimit(.minutes(15)))
struct SourceCheckTests {
    private let database: Database

    init() throws { database = try Database() }

    /// Returns the only problem, and checks that opening fails with the same sentence.
    private func problem(_ configuration: PostgresSourceConfiguration) throws -> String {
        let source = PostgresSource(configuration)
        let problems = source.problems()
        let error = try #require(throws: ConnectorError.self) { try source.open(configuration.slot, from: nil) }
        #expect(error.message == problems.joined(separator: " "))
        #expect(problems.count == 1, "\(problems)")
        return problems.first ?? ""
    }

    @Test("settings that cannot be right are found without a server")
    func settings() {
        var configuration = PostgresSourceConfiguration(
            server: PostgresServer(host: "", port: 0, database: "", user: ""), tables: [], slot: "A b")
        configuration.publication = ""
        configuration.splitCount = 0
        configuration.server.timeLimitMs = 0
        configuration.server.parameters = ["password": "x", "sslmode": "require"]
        #expect(configuration.problems().count == 10, "\(configuration.problems())")
        var good = PostgresSourceConfiguration(server: PostgresServer(database: "d", user: "u"), tables: ["t"])
        #expect(good.problems().isEmpty)
        good.tables = ["t", "public.t", "x."]
        #expect(
            good.problems() == [
                "The table \"x.\" has no name: write schema.table.", "The table public.t is named twice.",
            ])
        good.server.password = "s3cret"
        #expect(!"\(good.server) \(String(reflecting: good))".contains("s3cret"))
    }

    @Test("a wrong password, database, user or host: each has a sentence, and only the host may get better")
    func connecting() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY)")
        let good = database.source("t")
        let address = "127.0.0.1:\(database.server.port)"
        var wrong = good
        wrong.server.password = "guess"
        #expect(
            try problem(wrong)
                == "PostgreSQL at \(address) refuses the password of the user millrace: correct the password or the user."
        )
        wrong = good
        wrong.server.database = "nothing"
        #expect(
            try problem(wrong)
                == "PostgreSQL at \(address) has no database nothing: correct its name or create the database.")
        wrong = good
        wrong.server.parameters = ["sslmode": "sometimes"]
        #expect(try problem(wrong).hasPrefix("A parameter of the connection is wrong: "))
        wrong = good
        wrong.server.port = try freePort()
        #expect(
            try problem(wrong).hasPrefix(
                "PostgreSQL at 127.0.0.1:\(wrong.server.port) cannot be reached: check host and port, and that the server runs ("
            ))
        let away = try #require(throws: ConnectorError.self) { try PostgresSource(wrong).open(wrong.slot, from: nil) }
        #expect(away.kind == .temporary)
    }

    @Test("tables: missing, a view, without a key, without identity, with large values, of an unknown type")
    func tables() throws {
        try database.run(
            """
            CREATE VIEW v AS SELECT 1 AS k; CREATE TABLE nokey (k int); CREATE TABLE noid (k int PRIMARY KEY);
            ALTER TABLE noid REPLICA IDENTITY NOTHING; CREATE TABLE large (k int PRIMARY KEY, x text, e float4[]);
            CREATE TABLE odd (k int PRIMARY KEY, p point);
            """)
        #expect(try problem(database.source("gone")) == "There is no table public.gone: correct its name or create it.")
        #expect(
            try problem(database.source("v"))
                == "public.v is no table: views and foreign tables have no changes to read.")
        #expect(
            try problem(database.source("nokey"))
                == "The table public.nokey has no primary key, so its records would have no key: add a primary key, or a unique index as its replica identity."
        )
        #expect(
            try problem(database.source("noid"))
                == "The table public.noid has no replica identity: run ALTER TABLE public.noid REPLICA IDENTITY FULL, or DEFAULT."
        )
        #expect(
            try problem(database.source("large"))
                == "Updates of the table public.large leave large values out that they do not change (x, e): run ALTER TABLE public.large REPLICA IDENTITY FULL, or set unchangedValues to \"table\" to read them from the table."
        )
        #expect(
            try problem(database.source("odd"))
                == "The column p of the table public.odd has the type point, which has no form of its own in JSON: set unknownTypes to \"text\" to get its values as PostgreSQL writes them, or leave the column out of the publication with a list of columns."
        )
        var texts = database.source("odd")
        texts.unknownTypes = .text
        #expect(PostgresSource(texts).problems().isEmpty)
        #expect(PostgresSource(database.source("gone", "v", "nokey")).problems().count == 3)
    }

    @Test("publications: missing, without the table, without deletions, of partitions, without the key's column")
    func publications() throws {
        try database.run(
            """
            CREATE TABLE t (k int PRIMARY KEY, a int); CREATE TABLE p (k int PRIMARY KEY) PARTITION BY RANGE (k);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9); CREATE PUBLICATION partly FOR TABLE p;
            CREATE PUBLICATION inserts FOR TABLE t WITH (publish = 'insert');
            CREATE PUBLICATION columns FOR TABLE t (a) WITH (publish = 'insert, update, delete');
            """)
        var configuration = database.source("t")
        configuration.createsPublication = false
        configuration.publication = "missing"
        #expect(
            try problem(configuration)
                == "There is no publication missing: run CREATE PUBLICATION missing FOR TABLE t, or set createsPublication to true."
        )
        configuration.publication = "partly"
        #expect(
            try problem(configuration)
                == "The publication partly lacks the table public.t: run ALTER PUBLICATION partly ADD TABLE public.t.")
        configuration.publication = "inserts"
        #expect(
            try problem(configuration)
                == "The publication inserts leaves out inserts, updates or deletes: run ALTER PUBLICATION inserts SET (publish = 'insert, update, delete, truncate')."
        )
        configuration.publication = "columns"
        #expect(
            try problem(configuration)
                == "The publication columns leaves out columns of the key of public.t: add them to its list of columns."
        )
        configuration.publication = "partly"
        configuration.tables = ["p"]
        #expect(
            try problem(configuration)
                == "The publication partly has the partitions of public.p one by one: run ALTER PUBLICATION partly SET (publish_via_partition_root = true)."
        )
    }

    @Test("rights: to replicate, to read, to create the publication")
    func rights() throws {
        let user = "u_\(database.name)"
        try database.run(
            "CREATE TABLE t (k int PRIMARY KEY); CREATE ROLE \(user) LOGIN PASSWORD 'x'; GRANT SELECT ON t TO \(user)")
        var configuration = database.source("t")
        (configuration.server.user, configuration.server.password) = (user, "x")
        #expect(
            try problem(configuration)
                == "The user \(user) may not replicate: run ALTER ROLE \(user) REPLICATION as a superuser.")
        try database.run("ALTER ROLE \(user) REPLICATION")
        let error = try #require(throws: ConnectorError.self) {
            try PostgresSource(configuration).open(configuration.slot, from: nil)
        }
        #expect(
            error.message.hasPrefix("The user \(user) may not create the publication \(configuration.publication) ("))
        #expect(
            error.message.hasSuffix(
                "): run CREATE PUBLICATION \(configuration.publication) FOR TABLE \"public\".\"t\" as the tables' owner."
            ))
        try database.run("REVOKE SELECT ON t FROM \(user)")
        #expect(
            try problem(configuration)
                == "The user \(user) may not read the table public.t: run GRANT SELECT ON public.t TO \(user), and GRANT USAGE on its schema."
        )
        try database.run(
            "GRANT SELECT ON t TO \(user); CREATE PUBLICATION \(configuration.publication) FOR TABLE t; INSERT INTO t VALUES (1)"
        )
        defer { database.drop(configuration) }
        #expect(try Topics(configuration).read(until: 1).map(\.line) == [#"r {"k":1} {"k":1}"#])
    }

    @Test("slots: missing, in use, of another plugin, of another database")
    func slots() throws {
        try database.run("CREATE TABLE t (k int PRIMARY KEY)")
        var configuration = database.source("t")
        configuration.createsSlot = false
        let slot = configuration.slot
        #expect(
            try problem(configuration)
                == "There is no slot \(slot): run SELECT pg_create_logical_replication_slot('\(slot)', 'pgoutput'), or set createsSlot to true."
        )
        try database.run("SELECT pg_create_physical_replication_slot('\(slot)')")
        #expect(
            try problem(configuration)
                == "The slot \(slot) has the plugin none of logical replication: name another slot.")
        try database.run(
            "SELECT pg_drop_replication_slot('\(slot)'); SELECT pg_create_logical_replication_slot('\(slot)', 'pgoutput')"
        )
        defer { database.drop(configuration) }
        let other = try Database(database.server)
        try other.run("CREATE TABLE t (k int PRIMARY KEY)")
        var there = other.source("t")
        there.slot = slot
        #expect(try problem(there) == "The slot \(slot) belongs to the database \(database.name): name another slot.")
        let reader = Topics(configuration)
        try reader.begin()
        let used = try #require(throws: ConnectorError.self) { try PostgresSource(configuration).open(slot, from: nil) }
        #expect(
            used.kind == .temporary && used.message.hasPrefix("The slot \(slot) is in use by the server's process "))
        reader.drop()
    }

    @Test("a server without logical replication, and one without room for a slot, say so")
    func server() throws {
        let plain = try TestPostgres(["wal_level=replica"])
        try plain.connect().run("CREATE TABLE t (k int PRIMARY KEY)")
        var configuration = database.source("t")
        configuration.server.port = plain.port
        configuration.server.database = "postgres"
        #expect(
            try problem(configuration)
                == "The server's wal_level is replica: set wal_level = logical in postgresql.conf and restart the server."
        )
        let small = try TestPostgres(["max_replication_slots=1"])
        try small.connect().run(
            "CREATE TABLE t (k int PRIMARY KEY); SELECT pg_create_physical_replication_slot('other')")
        configuration.server.port = small.port
        let error = try #require(throws: ConnectorError.self) {
            try PostgresSource(configuration).open(configuration.slot, from: nil)
        }
        #expect(
            error.kind == .permanent
                && error.message.hasPrefix(
                    "All of the server's replication slots are in use: drop one that nobody needs")
        )
    }
}
