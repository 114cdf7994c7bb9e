import Millrace
import NIOCore
import RedisClient

@testable import MillraceRedis
@testable import MillraceTesting

/// A server that runs the scripts of sinks, one at a time. Connections break before or after what they were asked for, what was on its
/// way is run later, memory is short now and then, and a replica takes over that lags by up to two seconds.
// @unchecked: a simulation has one thread.
final class SimulatedRedis: RedisSessions, @unchecked Sendable {
    struct Entry {
        var partition: String
        var fields: [String]
    }

    struct Data {
        var hashes: [String: [String: String]] = [:]
        var entries: [Entry] = []
    }

    private(set) var data = Data()
    /// The states of the last two seconds, and the one before them.
    private var states: [(ms: Int64, data: Data)] = []
    /// The commands of connections that are broken, which the server has not read yet.
    private var late: [[RedisCommand]] = []
    /// The number of failovers, which break all connections.
    private var life = 0
    var breaks = true
    private let world: SimulatedWorld
    private let fault: RedisSinkFault

    private static let replicaLagMs: Int64 = 2_000

    init(_ world: SimulatedWorld, _ fault: RedisSinkFault) {
        (self.world, self.fault) = (world, fault)
        states = [(world.clock.nowMs, data)]
    }

    let address = "simulated:6379"

    private func happens(_ share: Double) -> Bool { breaks && world.random.chance(share) }

    func turn() {
        if happens(0.2) { runLate() }
        if happens(0.015) { failOver() }
    }

    private func failOver() {
        let state = states[world.random.below(states.count)]
        world.log("redis: a replica takes over that lags by \(world.clock.nowMs - state.ms) ms")
        (data, states, late) = (state.data, [(world.clock.nowMs, state.data)], [])
        life += 1
    }

    private func runLate() {
        let commands = late
        late = []
        for command in commands.joined() { _ = run(command) }
    }

    // MARK: Connections

    func open() throws(RedisError) -> any RedisSession {
        if happens(0.02) { throw .unreachable(address: address, "simulated") }
        return Session(self)
    }

    private final class Session: RedisSession {
        private let server: SimulatedRedis
        private let life: Int
        private var isBroken = false

        init(_ server: SimulatedRedis) { (self.server, life) = (server, server.life) }

        func start(_ commands: [RedisCommand], blockingMs: Int) -> any RedisReplies {
            if isBroken || life != server.life { return Replies(answers: nil) }
            if server.happens(0.02) {
                isBroken = true
                if server.happens(0.5) { server.late.append(commands) }
                return Replies(answers: nil)
            }
            if server.happens(0.3) { server.runLate() }
            let answers = commands.map { command -> RedisValue? in
                if let answer = server.run(command) { return answer }
                isBroken = true
                return nil
            }
            if server.happens(0.02) { isBroken = true }
            return Replies(answers: isBroken ? nil : answers.compactMap(\.self))
        }

        func close() { isBroken = true }
    }

    private struct Replies: RedisReplies {
        let answers: [RedisValue]?

        func wait() throws(RedisError) -> [RedisValue] {
            guard let answers else { throw .disconnected(address: "simulated:6379") }
            return answers
        }
    }

    // MARK: Scripts

    /// Runs a script. Returns `nil` if the connection breaks in the middle.
    private func run(_ command: RedisCommand) -> RedisValue? {
        let words = command.texts
        guard words[0] == "EVAL", let keyCount = Int(words[2]) else { return .failure("ERR unknown command") }
        let keys = Array(words[3..<3 + keyCount])
        let arguments = Array(words[(3 + keyCount)...])
        defer { note() }
        switch words[1] {
        case OffsetScripts.begin:
            return .array(
                keys.map { key in
                    data.hashes[key, default: [:]]["writer"] = arguments[0]
                    return data.hashes[key]?["offset"].map { .bytes(ByteBuffer(string: $0)) } ?? .null
                })
        case OffsetScripts.commit:
            let answer = commit(keys[0], arguments)
            if fault.hidesRefusals, case .failure = answer { return .status("OK") }
            return answer
        default: return .failure("ERR unknown script")
        }
    }

    private func commit(_ key: String, _ arguments: [String]) -> RedisValue? {
        let held = data.hashes[key] ?? [:]
        if fault.comparesWriter, held["writer"] != arguments[0] { return .failure("FENCED") }
        if fault.comparesOffset, held["offset"] ?? "" != arguments[1] { return .failure("STALE") }
        let isShort = happens(0.02)
        if isShort, !fault.refusesLate { return .failure("OOM") }
        var at = 4
        while at < arguments.count {
            guard let count = Int(arguments[at]) else { return .failure("ERR no number") }
            let words = arguments[at + 1..<at + 1 + count]
            guard words.first == "XADD", let star = words.firstIndex(of: "*") else { return .failure("ERR no XADD") }
            data.entries.append(Entry(partition: key, fields: Array(words[(star + 1)...])))
            if isShort { return .failure("OOM") }
            at += count + 1
        }
        if fault.splitsOffset, happens(0.05) { return nil }
        data.hashes[key, default: [:]]["offset"] = arguments[2]
        world.log("redis: \(key) is at \(arguments[2])")
        return .status("OK")
    }

    private func note() {
        states.append((world.clock.nowMs, data))
        let limit = world.clock.nowMs - Self.replicaLagMs
        while states.count > 1, states[1].ms < limit { states.removeFirst() }
    }
}
