import ChildProcesses
import Foundation
import NIOCore
import NIOSSL
import RedisClient
import Servers
import Testing

@Suite("A connection to Redis", .timeLimit(.minutes(15)))
struct RedisConnectionTests {
    @Test("commands that are sent at the same time get their own answers, huge and empty ones, too")
    func answers() async throws {
        let server = try TestRedis()
        let connection = try await server.connect()
        #expect(try await connection.send(["PING"]) == .status("PONG"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    let answer = try await connection.send(["ECHO", "\(number)"])
                    #expect(answer.text == "\(number)")
                }
            }
            try await group.waitForAll()
        }
        let bytes = ByteBuffer(bytes: (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0) })
        try await connection.send(["SET", "large", .init(bytes)])
        #expect(try await connection.send(["GET", "large"]).bytes == bytes)
        try await connection.send(["SET", "empty", ""])
        #expect(try await connection.send(["GET", "empty"]) == .bytes(ByteBuffer()))
        #expect(try await connection.send(["GET", "missing"]) == .null)
        let many = try await connection.send((0..<10_000).map { ["INCRBY", "sum", "\($0 % 2)"] })
        #expect(many.count == 10_000 && many.last == .integer(5_000))
        await connection.close()
        #expect(!connection.isOpen)
        await #expect(throws: RedisError.self) { try await connection.send(["PING"]) }
    }

    @Test("a command that is refused throws the server's words; of several, each has its own")
    func refused() async throws {
        let server = try TestRedis()
        let connection = try await server.connect()
        try await connection.send(["SET", "text", "x"])
        let error = await #expect(throws: RedisError.self) { try await connection.send(["LPUSH", "text", "y"]) }
        guard case .refused(let words, command: "LPUSH")? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(words.hasPrefix("WRONGTYPE") && error?.isRetriable == false)
        let answers = try await connection.send([["LPUSH", "text", "y"], ["GET", "text"], ["NONSENSE"]])
        guard case .failure = answers[0], case .failure = answers[2] else {
            Issue.record("\(answers)")
            return
        }
        #expect(answers[1].text == "x")
    }

    @Test("an array that begins as a message does is an answer, unless the connection has subscribed")
    func arraysLikeMessages() async throws {
        let server = try TestRedis()
        let (connection, publisher) = (try await server.connect(), try await server.connect())
        let texts = ["message", "channel", "text"].map { RedisValue.bytes(ByteBuffer(string: $0)) }
        let list: RedisCommand = ["LRANGE", "list", "0", "-1"]
        try await connection.send(["RPUSH", "list", "message", "channel", "text"])
        #expect(try await connection.send(list) == .array(texts))
        // The answer before a subscription in one piece, and after its end, too.
        let answers = try await connection.send([list, ["SUBSCRIBE", "news"]])
        #expect(answers[0] == .array(texts) && answers[1].elements?.first?.text == "subscribe")
        try await publisher.send(["PUBLISH", "news", "hello"])
        var pushes = connection.pushes.makeAsyncIterator()
        #expect(await pushes.next()?.first?.text == "subscribe")
        #expect(await pushes.next()?.last?.text == "hello")
        try await connection.send(["UNSUBSCRIBE", "news"])
        #expect(try await connection.send(list) == .array(texts))
        #expect(try await connection.send(["PING"]) == .status("PONG"))
    }

    @Test("a password is needed, and never shown; a wrong one says so")
    func password() async throws {
        let server = try TestRedis { _ in ["--requirepass", "s3cret"] }
        var settings = server.settings
        settings.password = "s3cret"
        let connection = try await RedisConnection.connect(settings)
        #expect(try await connection.send(["PING"]) == .status("PONG"))
        #expect(!"\(settings)".contains("s3cret") && !String(reflecting: settings).contains("s3cret"))
        settings.password = "guess"
        let wrong = await #expect(throws: RedisError.self) { try await RedisConnection.connect(settings) }
        #expect(wrong?.description.contains("WRONGPASS") == true && wrong?.description.contains("guess") == false)
        let without = try await server.connect()
        let error = await #expect(throws: RedisError.self) { try await without.send(["GET", "k"]) }
        #expect(error?.description.contains("NOAUTH") == true)
    }

    @Test("a server that is killed ends the commands under way; nobody listens; a frozen one is timed out")
    func away() async throws {
        let server = try TestRedis()
        var settings = server.settings
        settings.commandTimeout = .milliseconds(300)
        let hasty = try await RedisConnection.connect(settings)
        server.process.freeze()
        let late = await #expect(throws: RedisError.self) { try await hasty.send(["PING"]) }
        #expect(late == .timedOut(address: settings.address, command: "PING"))
        #expect(late?.isRetriable == true)
        server.process.thaw()
        let connection = try await server.connect()
        let blocked = Task { try await connection.send(["BLPOP", "nothing", "0"], blocking: .seconds(600)) }
        // The second command is behind the first.
        let second = Task { try await connection.send(["PING"]) }
        let watcher = try await server.connect()
        while try await watcher.send(["CLIENT", "LIST"]).text?.contains("cmd=blpop") != true {}
        server.process.kill()
        await #expect(throws: RedisError.disconnected(address: settings.address)) { try await blocked.value }
        await #expect(throws: RedisError.disconnected(address: settings.address)) { try await second.value }
        let gone = await #expect(throws: RedisError.self) { try await server.connect() }
        guard case .unreachable(address: settings.address, _)? = gone else {
            Issue.record("\(String(describing: gone))")
            return
        }
        try server.process.start()
        #expect(try await server.connect().send(["PING"]) == .status("PONG"))
    }

    @Test("messages of a subscription come in order, and the sequence ends with the connection")
    func subscription() async throws {
        let server = try TestRedis()
        let (subscriber, publisher) = (try await server.connect(), try await server.connect())
        try await subscriber.send(["SUBSCRIBE", "news"])
        try await subscriber.send(["PSUBSCRIBE", "n*"])
        for number in 0..<100 { try await publisher.send(["PUBLISH", "news", "\(number)"]) }
        var (direct, matching) = ([String](), [String]())
        for await message in subscriber.pushes {
            guard let kind = message.first?.text, let text = message.last?.text else { continue }
            if kind == "message" { direct.append(text) }
            if kind == "pmessage" { matching.append(text) }
            if direct.count == 100, matching.count == 100 { break }
        }
        #expect(direct == (0..<100).map(String.init) && matching == direct)
        server.process.kill()
        for await _ in subscriber.pushes {}
        #expect(!subscriber.isOpen)
    }

    @Test("TLS: the server's certificate is checked")
    func tls() async throws {
        let port = try freePort()
        let server = try TestRedis { folder in
            try Self.makeCertificate(in: folder)
            let (certificate, key) = (folder.appending(path: "cert.pem").path, folder.appending(path: "key.pem").path)
            return [
                "--tls-port", "\(port)", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file",
                certificate, "--tls-auth-clients", "no",
            ]
        }
        var settings = server.settings
        settings.port = port
        settings.host = "localhost"
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .file(server.folder.appending(path: "cert.pem").path)
        settings.tls = tls
        #expect(try await RedisConnection.connect(settings).send(["PING"]) == .status("PONG"))
        settings.tls = .makeClientConfiguration()
        await #expect(throws: RedisError.self) { try await RedisConnection.connect(settings).send(["PING"]) }
        settings.tls = nil
        await #expect(throws: RedisError.self) { try await RedisConnection.connect(settings).send(["PING"]) }
    }

    private static func makeCertificate(in folder: URL) throws {
        let process = try ChildProcess(
            URL(filePath: "/usr/bin/env"),
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=DNS:localhost", "-keyout", folder.appending(path: "key.pem").path, "-out",
                folder.appending(path: "cert.pem").path,
            ])
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}
