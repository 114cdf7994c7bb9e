import Foundation
import Millrace
import MillraceConnect
import RedisClient

/// The reading of the messages of one connection.
final class RedisPubSubReader: SourcePartitionReader {
    private let source: RedisPubSubSource
    private let connection: RedisConnection
    private let queue: MessageQueue
    private let pump: Task<Void, Never>
    private let keyspacePrefix: [UInt8]
    private var count: Int64
    /// The sentence for the next record.
    private var gap: String?
    /// The gaps that are not reported yet.
    private var losses: [RecordLoss] = []

    static let channelHeader = "redis.channel"
    static let patternHeader = "redis.pattern"
    static let gapHeader = "redis.gap"

    /// - Throws: `RedisError`; ``ConnectorError`` if the server sends no events of keys.
    init(_ connection: RedisConnection, source: RedisPubSubSource, from position: SourcePosition?) throws {
        let configuration = source.configuration
        self.connection = connection
        self.source = source
        count = position.flatMap { Int64($0.rawValue) } ?? 0
        let prefix = "__keyspace@\(configuration.server.database)__:"
        keyspacePrefix = configuration.keyspacePatterns.isEmpty ? [] : Array(prefix.utf8)
        if !configuration.keyspacePatterns.isEmpty { try Self.checkEvents(connection) }
        let queue = MessageQueue(maxCount: configuration.queueCount, maxSizeInBytes: configuration.queueSizeInBytes)
        self.queue = queue
        let pushes = connection.pushes
        pump = Task {
            for await push in pushes {
                let nowMs = Int64(Date().timeIntervalSince1970 * 1_000)
                guard let message = PubSubMessage(push, receivedMs: nowMs), !queue.append(message) else { continue }
                source.update { $0.droppedCount += 1 }
            }
            queue.end()
        }
        if let position {
            note("messages that were published after number \(position) and before this connection are missing")
        }
        var commands = configuration.channels.map { RedisCommand(["SUBSCRIBE", .init($0)]) }
        commands += configuration.patterns.map { RedisCommand(["PSUBSCRIBE", .init($0)]) }
        commands += configuration.keyspacePatterns.map { RedisCommand(["PSUBSCRIBE", .init(prefix + $0)]) }
        for (answer, command) in zip(try connection.start(commands).wait(), commands) {
            _ = try RedisAnswer.checked(answer, command.name)
        }
    }

    /// Looks whether the server sends events of keys. One that does not let its settings be read is believed.
    private static func checkEvents(_ connection: RedisConnection) throws {
        let answer = try connection.start([["CONFIG", "GET", "notify-keyspace-events"]]).wait().first
        guard let flags = answer?.dictionary?["notify-keyspace-events"]?.text else { return }
        if flags.contains("K"), flags.count > 1 { return }
        throw ConnectorError(
            .permanent,
            "the server sends no events of keys: notify-keyspace-events is \"\(flags)\"; set it with CONFIG SET notify-keyspace-events KEA, "
                + "or K and the letters of the events that are needed, and in redis.conf")
    }

    func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
        guard let (messages, droppedCount) = queue.take(count, withinMs: milliseconds) else {
            throw RedisFailures.error(
                .disconnected(address: "\(source.configuration.server.host):\(source.configuration.server.port)"),
                at: "", about: "the messages for \(source.configuration.topic)")
        }
        let records = messages.map(record)
        self.count &+= Int64(records.count)
        if droppedCount > 0 {
            note(
                "\(droppedCount) messages after number \(self.count) were dropped, because too many waited",
                droppedCount)
        }
        if records.isEmpty, losses.isEmpty { return SourceBatch() }
        source.update { $0.readCount += records.count }
        defer { losses = [] }
        return SourceBatch(records, position: SourcePosition(rawValue: "\(self.count)"), losses: losses)
    }

    private func note(_ sentence: String, _ count: Int? = nil) {
        gap = sentence
        losses.append(RecordLoss(sentence, recordCount: count))
        source.update { $0.gaps += 1 }
    }

    private func record(_ message: PubSubMessage) -> SourceRecord {
        var headers: Headers = [Header(name: Self.channelHeader, value: message.channel)]
        if let pattern = message.pattern { headers.append(Header(name: Self.patternHeader, value: pattern)) }
        if let gap { headers.append(name: Self.gapHeader, text: gap) }
        gap = nil
        let isEvent = !keyspacePrefix.isEmpty && message.channel.starts(with: keyspacePrefix)
        return SourceRecord(
            topic: source.configuration.topic,
            key: isEvent ? Array(message.channel.dropFirst(keyspacePrefix.count)) : message.channel,
            value: message.payload, timestampMs: message.receivedMs, headers: headers)
    }

    func committed(_ position: SourcePosition) {}

    func close() { pump.cancel() }
}
