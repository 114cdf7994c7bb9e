import Millrace
import MillraceConnect
import RedisClient

/// A consumer group that shows in Redis how far the reading is, and whose work can be taken over.
///
/// Nothing is read with XREADGROUP: what it gives to one reader it gives to no other, so a reader that is fenced in Kafka would take entries
/// away from the one that goes on. The group is set to the position after each commit instead.
final class StreamGroup {
    let name: String
    private let stream: String
    private let consumer: String
    private let deadAfterMs: Int
    private let session: any RedisSession
    /// Entries that were claimed, and are not acknowledged.
    private var claimed: [StreamID] = []
    private var cursor: StreamID?
    private var confirmation: (any RedisReplies)?

    private static let acknowledgedCount = 1_000

    init(
        _ name: String, of stream: String, _ configuration: RedisStreamsSource.Configuration, session: any RedisSession
    ) {
        self.name = name
        self.stream = stream
        self.session = session
        consumer = configuration.consumer
        deadAfterMs = Int(TimeSpan(configuration.deadAfter).ms)
    }

    // MARK: The beginning

    /// Returns the place of the group: what it has pending comes first. `nil` if there is no such group.
    ///
    /// - Throws: `RedisError`.
    func place() throws(RedisError) -> StreamPosition? {
        let groups: RedisValue
        do throws(RedisError) { groups = try session.send(["XINFO", "GROUPS", .init(stream)]) } catch {
            if error.isMissingKey { return nil }
            throw error
        }
        for group in groups.elements ?? [] {
            guard let members = group.dictionary, members["name"]?.text == name,
                let delivered = members["last-delivered-id"]?.text.flatMap({ StreamID($0) })
            else { continue }
            return StreamPosition(.zero, ordinal: members["entries-read"]?.integer, pending: delivered)
        }
        return nil
    }

    /// Makes the group if it is missing, and acknowledges what lies before the position, which is read.
    ///
    /// - Throws: `RedisError`.
    func begin(at position: StreamPosition) throws(RedisError) {
        guard try make(at: position) else { return }
        _ = try session.send(["XGROUP", "CREATECONSUMER", .init(stream), .init(name), .init(consumer)])
        guard position.id > .zero else { return }
        while true {
            let pending = try session.send([
                "XPENDING", .init(stream), .init(name), "-", "\(position.id)", "\(Self.acknowledgedCount)",
            ])
            let ids = (pending.elements ?? []).compactMap { $0.elements?.first?.text.flatMap { StreamID($0) } }
            if ids.isEmpty { return }
            _ = try session.send(acknowledgement(of: ids))
        }
    }

    /// Returns `false` if there is no stream yet.
    private func make(at position: StreamPosition) throws(RedisError) -> Bool {
        var command: RedisCommand = [
            "XGROUP", "CREATE", .init(stream), .init(name), "\(position.pending ?? position.id)",
        ]
        if let ordinal = position.ordinal { command.append("ENTRIESREAD", "\(ordinal)") }
        do throws(RedisError) { _ = try session.send(command) } catch {
            if case .refused(let words, _) = error, words.hasPrefix("BUSYGROUP") { return true }
            if error.isMissingKey { return false }
            throw error
        }
        return true
    }

    private func acknowledgement(of ids: [StreamID]) -> RedisCommand {
        RedisCommand(["XACK", .init(stream), .init(name)] + ids.map { RedisCommand.Argument($0.description) })
    }

    // MARK: The progress

    /// Shows a position that is committed. Its answer is looked at the next time.
    ///
    /// - Throws: `RedisError`.
    func committed(_ position: StreamPosition) throws(RedisError) {
        try confirm(position)
        var commands: [RedisCommand] = []
        let read = position.pending == nil ? claimed : claimed.filter { $0 <= position.id }
        if !read.isEmpty {
            claimed.removeFirst(read.count)
            commands.append(acknowledgement(of: read))
        }
        if position.pending == nil {
            var command: RedisCommand = ["XGROUP", "SETID", .init(stream), .init(name), "\(position.id)"]
            if let ordinal = position.ordinal { command.append("ENTRIESREAD", "\(ordinal)") }
            commands.append(command)
        }
        if !commands.isEmpty { confirmation = session.start(commands, blockingMs: 0) }
    }

    private func confirm(_ position: StreamPosition) throws(RedisError) {
        guard let confirmation else { return }
        self.confirmation = nil
        for case .failure(let words) in try confirmation.wait() {
            let error = RedisError.refused(words, command: "XGROUP")
            if error.isMissingKey { continue }
            guard words.hasPrefix("NOGROUP") || words.contains("No such consumer group") else { throw error }
            _ = try make(at: position)
        }
    }

    // MARK: What others have left

    /// Claims entries that consumers of the group had pending.
    ///
    /// - Parameters:
    ///   - id: the entry after which they begin.
    ///   - count: the number of entries at most.
    /// - Returns: the entries, and the ids of those that are not in the stream any more; `nil` if nothing is left.
    /// - Throws: `RedisError`; ``ConnectorError`` if a consumer that has entries pending is alive.
    func claim(after id: StreamID, count: Int) throws -> (entries: StreamEntries, deleted: [StreamID])? {
        try checkConsumers()
        let command: RedisCommand = [
            "XAUTOCLAIM", .init(stream), .init(name), .init(consumer), "0", "\(cursor ?? id.next)", "COUNT", "\(count)",
        ]
        let (next, entries, deleted) = try Self.claimed(try session.send(command.withEncodedAnswer))
        claimed += entries.map(\.id)
        cursor = next == .zero ? nil : next
        return next == .zero && entries.isEmpty && deleted.isEmpty ? nil : (entries, deleted)
    }

    private static func claimed(
        _ answer: RedisValue
    ) throws(RedisError) -> (next: StreamID, entries: StreamEntries, deleted: [StreamID]) {
        guard case .encoded(let answer) = answer else { throw problem }
        return try RedisCursor.read(answer) { (cursor, bytes) throws(RedisError) in
            guard let count = try cursor.array(), count >= 2, let text = try cursor.text(),
                let next = StreamID(bytes: bytes[text])
            else { throw problem }
            let entries = try StreamEntries(&cursor, bytes, of: answer)
            var deleted: [StreamID] = []
            // Redis before 7.0 does not tell the deleted ones.
            for _ in 0..<(count > 2 ? try cursor.array() ?? 0 : 0) {
                if let text = try cursor.text(), let id = StreamID(bytes: bytes[text]) { deleted.append(id) }
            }
            return (next, entries, deleted)
        }
    }

    private static let problem = RedisError.protocolProblem("XAUTOCLAIM has not answered with entries")

    private func checkConsumers() throws {
        let consumers = try session.send(["XINFO", "CONSUMERS", .init(stream), .init(name)])
        for members in (consumers.elements ?? []).compactMap(\.dictionary) {
            guard let other = members["name"]?.text, other != consumer, let count = members["pending"]?.integer,
                count > 0,
                let idle = members["idle"]?.integer, idle < deadAfterMs
            else { continue }
            throw ConnectorError(
                .temporary,
                "the stream \(stream): the consumer \(other) of the group \(name) has \(count) entries pending, and was seen \(idle) ms ago; "
                    + "stop it: its entries are taken over when it has been away for \(deadAfterMs) ms")
        }
    }
}

extension RedisError {
    /// Whether a command failed because its key does not exist.
    var isMissingKey: Bool {
        guard case .refused(let words, _) = self else { return false }
        return words.contains("no such key") || words.contains("requires the key to exist")
    }
}
