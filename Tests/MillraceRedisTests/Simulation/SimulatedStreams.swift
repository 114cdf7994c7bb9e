import MillraceRedis
import NIOCore
import RedisClient

/// A server with one stream, on which connections break, and which trims, all from a seed.
// @unchecked: a simulation has one thread.
final class SimulatedStreams: RedisSessions, @unchecked Sendable {
    struct Entry: Equatable {
        var id: Int
        var number: Int
    }

    /// Every entry that was ever added.
    private(set) var history: [Entry] = []
    private(set) var entries: [Entry] = []
    var random: SeededNumbers
    var breaks = true
    var trims = false
    private let fault: StreamFault?
    private(set) var trace: [String] = []

    init(seed: Int, fault: StreamFault?) {
        random = SeededNumbers(seed)
        self.fault = fault
    }

    var address: String { "simulated:6379" }

    func log(_ words: String) { trace.append(words) }

    // MARK: Changes

    /// Adds some entries, and trims now and then.
    func change() {
        if random.below(3) > 0 {
            for _ in 0..<random.below(6) {
                let id = (history.last?.id ?? 0) + 1 + random.below(3)
                history.append(Entry(id: id, number: history.count))
                entries.append(history[history.count - 1])
            }
        }
        if breaks, trims, random.below(6) == 0 { trim(to: random.below(12)) }
    }

    private func trim(to count: Int) {
        guard entries.count > count else { return }
        log("trim: \(entries.count - count) of \(entries.count)")
        entries.removeFirst(entries.count - count)
    }

    // MARK: Commands

    func open() throws(RedisError) -> any RedisSession {
        if breaks, random.below(20) == 0 { throw .unreachable(address: address, "simulated") }
        return Session(self)
    }

    private final class Session: RedisSession {
        private let server: SimulatedStreams
        private var isBroken = false

        init(_ server: SimulatedStreams) { self.server = server }

        func start(_ commands: [RedisCommand], blockingMs: Int) -> any RedisReplies {
            let server = server
            if server.breaks, server.random.below(25) == 0 { isBroken = true }
            if isBroken { return Broken(address: server.address) }
            let replies = Replies(answers: server.run(commands))
            // The server may have gone on by the time at which the answer is read.
            if server.random.below(3) == 0 { server.change() }
            if server.breaks, server.random.below(25) == 0 {
                isBroken = true
                return Broken(address: server.address)
            }
            return replies
        }

        func close() { isBroken = true }
    }

    private struct Replies: RedisReplies {
        let answers: [RedisValue]
        func wait() -> [RedisValue] { answers }
    }

    private struct Broken: RedisReplies {
        let address: String
        func wait() throws(RedisError) -> [RedisValue] { throw .disconnected(address: address) }
    }

    private func run(_ commands: [RedisCommand]) -> [RedisValue] {
        var answers: [RedisValue] = []
        var together: [RedisValue]?
        for command in commands {
            let words = command.texts
            switch words[0] {
            case "MULTI":
                together = []
                answers.append(.status("OK"))
            case "EXEC":
                let results = RedisValue.array(together ?? [])
                answers.append(command.wantsEncodedAnswer ? results.encoded : results)
                together = nil
            default:
                let answer = command.wantsEncodedAnswer ? answer(words).encoded : answer(words)
                if together == nil {
                    answers.append(answer)
                } else {
                    together?.append(answer)
                    answers.append(.status("QUEUED"))
                    if fault?.splitsTransactions == true { change() }
                }
            }
        }
        return answers
    }

    private func answer(_ words: [String]) -> RedisValue {
        switch words[0] {
        case "XINFO":
            if history.isEmpty { return .failure("ERR no such key") }
            return .array([
                .text("length"), .integer(Int64(entries.count)), .text("last-generated-id"),
                .text("\(history.last?.id ?? 0)-0"), .text("max-deleted-entry-id"), .text("0-0"),
                .text("entries-added"),
                .integer(Int64(history.count)), .text("first-entry"), entries.first.map(Self.value) ?? .null,
            ])
        case "XRANGE":
            let (begin, count) = (Self.id(words[2]), Int(words[5]) ?? 0)
            var found = entries.filter { $0.id >= begin }
            if fault?.hidesMissingEntry == true, found.first?.id != begin,
                let old = history.first(where: { $0.id == begin })
            {
                found.insert(old, at: 0)
            }
            return .array(found.prefix(count).map(Self.value))
        case "XREVRANGE":
            let end = Self.id(words[2])
            return .array(entries.filter { $0.id <= end }.suffix(1).map(Self.value))
        case "XREAD":
            change()
            return .null
        default: return .failure("ERR unknown command '\(words[0])'")
        }
    }

    private static func id(_ text: String) -> Int { Int(text.split(separator: "-")[0]) ?? 0 }

    private static func value(_ entry: Entry) -> RedisValue {
        .array([.text("\(entry.id)-0"), .array([.text("n"), .text("\(entry.number)")])])
    }
}

extension RedisValue {
    fileprivate static func text(_ text: String) -> RedisValue { .bytes(ByteBuffer(string: text)) }

    /// The value as a server writes it; a failure stays as it is.
    fileprivate var encoded: RedisValue {
        if case .failure = self { return self }
        var bytes = ByteBuffer()
        write(to: &bytes)
        return .encoded(bytes)
    }

    private func write(to buffer: inout ByteBuffer) {
        switch self {
        case .integer(let number): buffer.writeString(":\(number)\r\n")
        case .failure(let words): buffer.writeString("-\(words)\r\n")
        case .encoded(let bytes): buffer.writeImmutableBuffer(bytes)
        case .array(let elements):
            buffer.writeString("*\(elements.count)\r\n")
            for element in elements { element.write(to: &buffer) }
        default:
            guard let bytes else {
                _ = buffer.writeString("$-1\r\n")
                return
            }
            buffer.writeString("$\(bytes.readableBytes)\r\n")
            buffer.writeImmutableBuffer(bytes)
            buffer.writeString("\r\n")
        }
    }
}
