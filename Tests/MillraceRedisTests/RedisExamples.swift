import MillraceRedis
import Testing

@Suite("Examples of Redis' connectors")
struct RedisExamples {
    @Test("a source is made without asking a server")
    func source() throws {
        func make() throws -> RedisStreamsSource {
            var configuration = RedisStreamsSource.Configuration(topics: ["payments": "payments"])
            configuration.server.host = "redis.example"
            let source = try RedisStreamsSource(configuration)
            return source
        }
        #expect(try make().topics == ["payments"])
    }
}
