import MillraceConnect
import MillraceRedis
import RedisClient
import Servers
import Testing

@Suite("Failures of Redis", .timeLimit(.minutes(15)))
struct RedisFailureTests {
    @Test("wrong settings have a sentence each, all at once")
    func problems() throws {
        var configuration = RedisStreamsSource.Configuration(topics: [:])
        configuration.server.port = 0
        configuration.server.user = "me"
        configuration.start = .group
        configuration.readSizeInBytes = 1
        let error = connectorError { _ = try RedisStreamsSource(configuration) }
        for words in ["no stream is named", "the port of Redis is 0", "needs a password", "name the group", "65536"] {
            #expect(error?.message.contains(words) == true, "\(words)")
        }
        configuration.server.password = "s3cret"
        #expect(!"\(configuration) \(String(reflecting: configuration))".contains("s3cret"))
    }

    @Test("passwords: a missing one, a wrong one")
    func passwords() async throws {
        let server = try TestRedis { _ in ["--requirepass", "s3cret"] }
        try await onThread {
            var settings = configuration(server)
            let missing = connectorError { _ = try RedisStreamsSource(settings).open("orders", from: nil) }
            #expect(missing?.kind == .permanent && missing?.message.contains("asks for a password; add it") == true)
            settings.server.password = "guess"
            let wrong = connectorError { _ = try RedisStreamsSource(settings).open("orders", from: nil) }
            #expect(wrong?.message.contains("the user or the password is wrong") == true)
            #expect(wrong?.message.contains("guess") == false)
            settings.server.password = "s3cret"
            let batch = try RedisStreamsSource(settings).open("orders", from: nil).read(1, withinMs: 0)
            #expect(batch.records.isEmpty)
        }
    }

    @Test("a key of another type, nobody who listens, and a server that was killed")
    func servers() async throws {
        let server = try TestRedis()
        try await onThread {
            try server.ask(["SET", "orders", "x"])
            let type = connectorError { _ = try RedisStreamsSource(configuration(server)).open("orders", from: nil) }
            #expect(type?.kind == .permanent && type?.message.contains("a value of another type") == true)
            try server.ask(["DEL", "orders"])
            let reader = try RedisStreamsSource(configuration(server)).open("orders", from: nil)
            server.process.kill()
            let ended = connectorError { _ = try reader.read(1, withinMs: 10) }
            #expect(ended?.kind == .temporary)
            let gone = connectorError { _ = try RedisStreamsSource(configuration(server)).open("orders", from: nil) }
            #expect(gone?.kind == .temporary && gone?.message.contains("connect to 127.0.0.1:\(server.port)") == true)
        }
    }

    @Test(
        "each refusal of a server has its sentence",
        arguments: [
            ("NOAUTH Authentication required.", false, "asks for a password"),
            ("WRONGPASS invalid username-password pair or user is disabled.", false, "password is wrong"),
            ("NOPERM this user has no permissions to run the 'xrange' command", false, "ACL SETUSER"),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", false, "another type"),
            ("MOVED 3999 127.0.0.1:6381", false, "name the node"),
            ("CROSSSLOT Keys in request don't hash to the same slot", false, "hash tag"),
            ("LOADING Redis is loading the dataset in memory", true, "loading its data"),
            ("READONLY You can't write against a read only replica.", true, "is a replica"),
            ("MISCONF Redis is configured to save RDB snapshots", true, "its disk"),
            ("OOM command not allowed when used memory > 'maxmemory'.", true, "raise maxmemory"),
            ("ERR unknown command 'XINFO'", false, "does not know"),
        ])
    func refusals(_ words: String, _ isTemporary: Bool, _ expected: String) throws {
        let source = try RedisStreamsSource(.init(topics: ["orders": "t"]), sessions: RefusingServer(words: words))
        let error = connectorError { _ = try source.open("orders", from: nil) }
        #expect(error?.kind == (isTemporary ? .temporary : .permanent))
        #expect(error?.message.contains(expected) == true && error?.message.contains("orders") == true)
    }
}

/// A server that refuses everything.
private struct RefusingServer: RedisSessions {
    var words: String
    var address: String { "redis.example:6379" }

    func open() -> any RedisSession { Session(words: words) }

    private final class Session: RedisSession {
        let words: String

        init(words: String) { self.words = words }

        func start(_ commands: [RedisCommand], blockingMs: Int) -> any RedisReplies {
            Refusals(answers: commands.map { _ in .failure(words) })
        }

        func close() {}
    }

    private struct Refusals: RedisReplies {
        let answers: [RedisValue]

        func wait() -> [RedisValue] { answers }
    }
}
