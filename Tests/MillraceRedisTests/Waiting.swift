import Foundation
import MillraceConnect
import MillraceRedis
import RedisClient
import Servers

/// Runs a body that waits for servers, on a thread of its own: the threads of tests are few.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try body() }) }
        thread.stackSize = 4 << 20
        thread.start()
    }
}

extension TestRedis {
    /// The server for a connector.
    var server: RedisServerSettings {
        var server = RedisServerSettings(port: port)
        server.connectTimeout = .seconds(60)
        server.commandTimeout = .seconds(300)
        return server
    }

    /// Sends a command on a connection of its own, and waits.
    @discardableResult
    func ask(_ command: RedisCommand) throws -> RedisValue {
        let answers = try RedisConnection.connectAndWait(settings).start([command]).wait()
        if case .failure(let words)? = answers.first { throw RedisError.refused(words, command: command.name) }
        return answers.first ?? .null
    }
}

extension SourcePartitionReader {
    /// Reads until there is a number of records.
    func read(upTo count: Int) throws -> (records: [SourceRecord], position: SourcePosition?) {
        var (records, position): ([SourceRecord], SourcePosition?) = ([], nil)
        let deadline = ContinuousClock.now + .seconds(600)
        while records.count < count, ContinuousClock.now < deadline {
            let batch = try read(count - records.count, withinMs: 50)
            records += batch.records
            position = batch.position ?? position
        }
        return (records, position)
    }
}

/// Returns the error that a body throws.
func connectorError(_ body: () throws -> Void) -> ConnectorError? {
    do { try body() } catch let error as ConnectorError { return error } catch { return nil }
    return nil
}

extension TestRedis {
    /// Whether nobody answers.
    func connectionFails() throws -> Bool { (try? ask(["PING"])) == nil }
}

/// Numbers from a seed.
struct SeededNumbers {
    private var state: UInt64

    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 11) % bound
    }
}
