import MillraceConnect
import MillracePostgres
import MillraceVectors
import PostgresClient
import Servers
import Testing

/// The server with pgvector that the tests of this module share.
let vectors = Result { try TestPostgres(hasVectors: true) }

@Suite("Embeddings in PostgreSQL", .timeLimit(.minutes(15)))
struct EmbeddingsTests {
    private func source(
        _ databases: Database..., change: (inout PostgresEmbeddingsConfiguration) -> Void = { _ in }
    ) throws -> PostgresEmbeddings {
        var configuration = PostgresEmbeddingsConfiguration(
            servers: databases.map(\.address), table: "e", keyColumn: "k", vectorColumn: "v")
        configuration.attemptLimitMs = 300_000
        change(&configuration)
        return try PostgresEmbeddings(configuration)
    }

    @Test("vectors of pgvector, arrays and bytes are loaded with their versions; null and missing ones are absent")
    func forms() async throws {
        let forms = [
            (type: "vector(3)", value: "'[1,-0.5,0.1]'"), (type: "real[]", value: "'{1,-0.5,0.1}'"),
            (type: "bytea", value: "'\\x0000803f000000bfcdcccc3d'"),
        ]
        for (type, value) in forms {
            let database = try Database(vectors.get())
            try database.run(
                "CREATE EXTENSION vector; CREATE TABLE e (k uuid PRIMARY KEY, v \(type), version int NOT NULL DEFAULT 7)"
            )
            let (one, two, three) = (
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a13"
            )
            try database.run("INSERT INTO e (k, v) VALUES ('\(one)', \(value)), ('\(two)', NULL)")
            let embeddings = try source(database) { $0.versionColumn = "version" }
            let keys = [one, two, three].map { EmbeddingKey($0) }
            let found = try await embeddings.load(keys + [EmbeddingKey(one, in: "other")], within: .seconds(300))
            #expect(found == [EmbeddingKey(one): Embedding([1, -0.5, 0.1], version: 7)], "\(type)")
            await #expect(throws: ConnectorError.self) {
                try await embeddings.load([EmbeddingKey("no uuid")], within: .seconds(300))
            }
            #expect(try await embeddings.load([EmbeddingKey(one)], within: .seconds(300)).count == 1)
            embeddings.close()
            await #expect(throws: ConnectorError.self) {
                try await embeddings.load([EmbeddingKey(one)], within: .seconds(300))
            }
        }
    }

    @Test("keys with namespaces, quotes and backslashes; a column that has no vectors is refused with a sentence")
    func keys() async throws {
        let database = try Database(vectors.get())
        try database.run("CREATE TABLE e (n text, k text, v real[], w text, PRIMARY KEY (n, k))")
        let names = ["a", "q\"\\", "{x,y}", "", "NULL"]
        for (index, name) in names.enumerated() {
            try database.connection.run(
                "INSERT INTO e VALUES ('t', $1, ARRAY[\(index)]), ('u', $1, '{}')", [.text(name)])
        }
        let embeddings = try source(database) { $0.namespaceColumn = "n" }
        let found = try await embeddings.load(
            names.map { EmbeddingKey($0, in: "t") } + [EmbeddingKey("a", in: "u"), EmbeddingKey("a")],
            within: .seconds(300))
        var expected = [EmbeddingKey("a", in: "u"): Embedding([])]
        for (index, name) in names.enumerated() { expected[EmbeddingKey(name, in: "t")] = Embedding([Float(index)]) }
        #expect(found == expected)
        try database.run("UPDATE e SET w = 'word'")
        let wrong = try source(database) { ($0.vectorColumn, $0.namespaceColumn) = ("w", "n") }
        let error = await #expect(throws: ConnectorError.self) {
            try await wrong.load([EmbeddingKey("a", in: "t")], within: .seconds(300))
        }
        #expect(error?.message.hasPrefix("The column of embeddings is no vector") == true)
        #expect(
            PostgresEmbeddingsConfiguration(servers: [], table: "", keyColumn: "", vectorColumn: "").problems().count
                == 3)
    }

    @Test("the next server answers for one that is frozen or killed, and the first is asked again once it is back")
    func fallback() async throws {
        let near = try Database(TestPostgres())
        let far = try Database(TestPostgres())
        for (database, value) in [(near, 1), (far, 2)] {
            try database.run(
                "CREATE TABLE e (k text PRIMARY KEY, v real[]); INSERT INTO e VALUES ('a', ARRAY[\(value)])")
        }
        let embeddings = try source(near, far) {
            $0.attemptLimitMs = 2_000
            $0.measureIntervalMs = 200
            $0.connectionCount = 1
        }
        func answer() async throws -> Float? {
            try await embeddings.load([EmbeddingKey("a")], within: .seconds(300))[EmbeddingKey("a")]?.vector.first
        }
        /// Loads until a server answers, which has to be the first of the order in the end.
        func wait(for server: Float, _ name: PostgresServer) async throws {
            while true {
                if let found = try? await answer(), found == server, embeddings.order.first == "\(name)" { return }
            }
        }
        near.server.process.freeze()
        try await wait(for: 2, far.address)
        far.server.process.kill()
        near.server.process.thaw()
        try await wait(for: 1, near.address)
        near.server.process.kill()
        let away = await #expect(throws: ConnectorError.self) { try await answer() }
        #expect(away?.kind == .temporary)
        try far.server.process.start()
        try await wait(for: 2, far.address)
    }

    @Test("what a replica has older than is known is asked of the primary, wherever it is")
    func staleReplica() async throws {
        let primary = try Database(TestPostgres())
        try primary.run(
            "CREATE TABLE e (k text PRIMARY KEY, v real[], n int8); INSERT INTO e VALUES ('a', '{1}', 1), ('gone', '{1}', 1)"
        )
        let standby = try TestPostgres(standbyOf: primary.server)
        let replica = try standby.connect(to: primary.name)
        try replica.run("SELECT pg_wal_replay_pause()")
        while try replica.run("SELECT pg_get_wal_replay_pause_state()").texts != [["paused"]] {}
        try primary.run(
            "UPDATE e SET v = '{2}', n = 2; DELETE FROM e WHERE k = 'gone'; INSERT INTO e VALUES ('new', '{3}', 3)")
        var far = primary.address
        far.port = standby.port
        var configuration = PostgresEmbeddingsConfiguration(
            servers: [far, primary.address], table: "e", keyColumn: "k", vectorColumn: "v")
        (configuration.versionColumn, configuration.attemptLimitMs) = ("n", 300_000)
        configuration.measureIntervalMs = 50
        let embeddings = try PostgresEmbeddings(configuration)
        let keys = ["a", "gone", "new"].map { EmbeddingKey($0) }
        let old = Dictionary(uniqueKeysWithValues: keys.prefix(2).map { ($0, Embedding([1], version: 1)) })
        let newest = [keys[0]: Embedding([2], version: 2), keys[2]: Embedding([3], version: 3)]
        let known = [keys[0]: 2, keys[1]: Int64.max, keys[2]: 3]
        var staleAnswers = 0
        while staleAnswers < 10 {
            // Either server may be the nearer one at the moment.
            let found = try await embeddings.load(keys, within: .seconds(300))
            #expect(found == old || found == newest)
            if found == old { staleAnswers += 1 }
            #expect(try await embeddings.load(keys, atLeast: known, within: .seconds(300)) == newest)
        }
        primary.server.process.kill()
        while embeddings.order.first != "\(far)" { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try await embeddings.load([keys[0]], atLeast: known, within: .seconds(300)) == [keys[0]: old[keys[0]]])
        let away = await #expect(throws: ConnectorError.self) {
            try await embeddings.load(keys, atLeast: known, within: .seconds(300))
        }
        #expect(away?.message == "No primary of the embeddings answers.")
        // The replica takes the primary's place, with what it has received.
        try replica.run("SELECT pg_promote()")
        while true {
            let found = try? await embeddings.load(keys, atLeast: known, within: .seconds(300))
            if found == newest { break }
        }
        embeddings.close()
    }

    @Test("loads that find too many waiting, or whose time is over, fail")
    func bounds() async throws {
        let database = try Database(TestPostgres())
        try database.run("CREATE TABLE e (k text PRIMARY KEY, v real[])")
        let embeddings = try source(database) {
            ($0.connectionCount, $0.maxWaitingCount) = (1, 1)
            $0.measureIntervalMs = 300_000
        }
        #expect(try await embeddings.load([EmbeddingKey("a")], within: .seconds(300)).isEmpty)
        await #expect(throws: ConnectorError.self) { try await embeddings.load([EmbeddingKey("a")], within: .zero) }
        // One holds the connection, one waits, and the third finds no room.
        database.server.process.freeze()
        let failures = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        _ = try await embeddings.load([EmbeddingKey("a")], within: .seconds(300))
                        return nil
                    } catch { return "\(error)" }
                }
            }
            var failures: [String] = []
            while failures.count < 6, let failure = await group.next() { if let failure { failures.append(failure) } }
            database.server.process.thaw()
            return failures
        }
        #expect(failures.allSatisfy { $0.contains("loads of embeddings wait for") })
        embeddings.close()
    }
}

@Suite("Vectors through PostgreSQL and back", .timeLimit(.minutes(15)))
struct VectorColumnTests {
    @Test(
        "a column of vectors of 1,536 components goes through a source and a sink without loss, whatever an update leaves alone"
    )
    func vectors() throws {
        let database = try Database(MillracePostgresTests.vectors.get())
        let columns = "id uuid PRIMARY KEY, metadata jsonb, embedding vector(1536), small halfvec(3)"
        try database.run(
            """
            CREATE EXTENSION vector; CREATE TABLE a (\(columns)); CREATE TABLE b (\(columns)); ALTER TABLE a REPLICA IDENTITY FULL;
            ALTER TABLE a ALTER embedding SET STORAGE EXTERNAL;
            INSERT INTO a SELECT gen_random_uuid(), '{"n": 1.50}', (SELECT array_agg(sin(i * k)::float4) FROM generate_series(1, 1536) i)::vector,
                '[1,2,3]' FROM generate_series(1, 20) k;
            """)
        let configuration = database.source("a")
        defer { database.drop(configuration) }
        let topics = Topics(configuration)
        try topics.begin()
        try database.run(
            "UPDATE a SET metadata = '{\"n\": 2}'; UPDATE a SET embedding = NULL WHERE small IS NOT NULL AND id = (SELECT min(id::text)::uuid FROM a)"
        )
        try topics.read(until: 41)
        topics.drop()
        var sink = PostgresSinkConfiguration(server: database.address, name: "sink", topics: ["in"], table: "b")
        sink.keyColumns = ["id"]
        let writer = try PostgresSink(sink).open()
        let partition = SinkTests.partition
        _ = try writer.begin([partition])
        let bad = SinkRecord(
            partition: partition, offset: 99, key: Array(#""a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11""#.utf8),
            value: Array(#"{"embedding":[1,2]}"#.utf8))
        let records = topics.records.enumerated().map {
            SinkRecord(partition: partition, offset: Int64($0), key: $1.key, value: $1.value)
        }
        let refused = try writer.take(records + [bad])
        #expect(refused.map(\.reason) == ["expected 1536 dimensions, not 2"])
        try writer.commit([partition: 100])
        writer.close()
        let difference = try database.connection.run(
            "SELECT count(*) FROM a FULL JOIN b USING (id) WHERE (a.metadata, a.embedding::text, a.small::text) IS DISTINCT FROM (b.metadata, b.embedding::text, b.small::text)"
        )
        #expect(difference.texts == [["0"]])
        #expect(try database.connection.run("SELECT count(*) FROM b WHERE embedding IS NOT NULL").texts == [["19"]])
    }
}
