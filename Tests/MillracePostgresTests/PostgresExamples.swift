import Foundation
import MillraceConnect
import MillracePostgres
import MillraceVectors
import Testing

@Suite("Examples of PostgreSQL's connectors")
struct PostgresExamples {
    @Test("a server's description shows no secret, and one without its file is not made")
    func server() {
        func make() throws -> PostgresServer {
            var server = PostgresServer(host: "db.internal", database: "agents", user: "millrace")
            server.password = try String(contentsOfFile: "/run/secrets/postgres", encoding: .utf8)
            server.parameters = ["sslmode": "verify-full", "sslrootcert": "/etc/ssl/ca.pem"]
            return server
        }
        if let server = try? make() {
            #expect("\(server)" == "millrace@db.internal:5432/agents")
        } else {
            #expect(!FileManager.default.isReadableFile(atPath: "/run/secrets/postgres"))
        }
    }

    @Test("a source, a sink and a source of embeddings are made without asking a server")
    func connectors() throws {
        func makeSource() -> PostgresSource {
            var configuration = PostgresSourceConfiguration(
                server: PostgresServer(database: "agents", user: "millrace"), tables: ["public.agent_context"])
            configuration.topicPrefix = "agents."
            let source = PostgresSource(configuration)
            return source
        }
        #expect(makeSource().topics == ["agents.public.agent_context"])
        func makeSink() -> PostgresSink {
            var configuration = PostgresSinkConfiguration(
                server: PostgresServer(database: "agents", user: "millrace"), name: "contexts", topics: ["contexts"],
                table: "public.agent_context")
            configuration.keyColumns = ["agent_id"]
            let sink = PostgresSink(configuration)
            return sink
        }
        #expect(makeSink().configuration.problems().isEmpty)
        // Nobody listens on these ports: the source goes on asking.
        let (replica, primary) = (
            PostgresServer(port: 1, database: "agents", user: "millrace"),
            PostgresServer(port: 2, database: "agents", user: "millrace")
        )
        let embeddings = try PostgresEmbeddings(
            PostgresEmbeddingsConfiguration(
                servers: [replica, primary], table: "agent_context", keyColumn: "agent_id", vectorColumn: "embedding"))
        let cache = try EmbeddingCache(source: embeddings)
        #expect(cache.name == "embeddings" && embeddings.order.count == 2)
        embeddings.close()
    }
}
