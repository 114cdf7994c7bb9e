import Foundation
import Millrace
import MillraceConnect
import MillraceRedis
import RedisClient
import Servers
import Synchronization
import Testing

@Suite("Kills while streams are read", .serialized, .timeLimit(.minutes(15)))
struct RedisStreamsKillTests {
    @Test("a reader and a server that are killed at any moment: every entry of the stream once", arguments: 0..<20)
    func kills(_ seed: Int) async throws {
        let server = try TestRedis { _ in ["--appendfsync", "always"] }
        try await onThread {
            var random = SeededNumbers(seed)
            var configuration = RedisStreamsSource.Configuration(topics: ["orders": "orders"])
            (configuration.server, configuration.group) = (server.server, "readers")
            let source = try RedisStreamsSource(configuration)
            let isWritten = Mutex(false)
            let writer = Thread {
                for batch in 0..<40 {
                    let commands = (0..<100).map { number -> RedisCommand in
                        ["XADD", "orders", "*", "n", "\(batch * 100 + number)"]
                    }
                    // Those that have no answer may be in the stream or not; what is in the stream counts.
                    while !isTaken(commands, by: server) { Thread.sleep(forTimeInterval: 0.01) }
                }
                isWritten.withLock { $0 = true }
            }
            writer.start()
            // Records and position change together, as in a transaction.
            var (found, position): ([String], SourcePosition?) = ([], nil)
            var reader: (any SourcePartitionReader)?
            var kills = 0
            let deadline = ContinuousClock.now + .seconds(600)
            while ContinuousClock.now < deadline {
                do {
                    let open = try reader ?? source.open("orders", from: position)
                    reader = open
                    // Before the read: the last entries may come right after it.
                    let wasWritten = isWritten.withLock { $0 }
                    let batch = try open.read(1 + random.below(300), withinMs: 20)
                    // A reader that is killed before its commit leaves nothing.
                    if random.below(15) == 0 { throw ConnectorError(.temporary, "the reader is killed") }
                    found += batch.records.map { String(decoding: $0.key ?? [], as: UTF8.self) }
                    position = batch.position ?? position
                    if batch.records.isEmpty, batch.position == nil, wasWritten, kills >= 4 { break }
                    if kills < 4, random.below(8) == 0 {
                        kills += 1
                        server.process.kill()
                        try server.process.start()
                    }
                    if let position = batch.position { try open.committed(position) }
                } catch let error as ConnectorError {
                    #expect(error.kind == .temporary, "seed \(seed): \(error)")
                    reader = nil
                    if error.kind == .permanent { break }
                }
            }
            let entries = try server.ask(["XRANGE", "orders", "-", "+"]).elements ?? []
            #expect(entries.count >= 4_000)
            #expect(found == entries.compactMap { $0.elements?.first?.text }, "seed \(seed)")
        }
    }

    private func isTaken(_ commands: [RedisCommand], by server: TestRedis) -> Bool {
        let answers = try? RedisConnection.connectAndWait(server.settings).start(commands).wait()
        return answers?.allSatisfy { if case .failure = $0 { false } else { true } } ?? false
    }
}
