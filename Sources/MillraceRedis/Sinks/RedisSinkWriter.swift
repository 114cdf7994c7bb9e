import Foundation
import Millrace
import MillraceConnect
import RedisClient

/// The writing of records as commands, with their offsets, by `OffsetScripts`.
final class RedisSinkWriter: SinkWriter {
    /// A partition, and the commands that are not committed.
    private struct Owned {
        var key: String
        /// The offset in Redis; `nil` for none.
        var offset: Int64?
        var chunks: [CommandChunk] = []
        var chunkCount: Int

        mutating func append(_ commands: [SinkCommand], next: Int64) {
            if chunks.last?.isFull ?? true { chunks.append(CommandChunk(at: next, maxCount: chunkCount)) }
            chunks[chunks.count - 1].append(commands, next: next)
        }

        /// Moves the offset past the last records, which were refused, or are marks of transactions.
        mutating func move(to offset: Int64) {
            if chunks.isEmpty {
                // The same offset is compared again, too.
                chunks.append(CommandChunk(at: offset, maxCount: chunkCount))
            } else {
                chunks[chunks.count - 1].move(to: offset)
            }
        }
    }

    private let sessions: any RedisSessions
    private let commands: any SinkCommands
    private let offsetsPrefix: String
    private let chunkCount: Int
    /// The proof of the right to write. A number could be that of an earlier life of the server, so it is a new name each time.
    private var writer = ""
    private var session: (any RedisSession)?
    private var owned: [TopicPartition: Owned] = [:]
    private var lastPreparation = ContinuousClock.now

    /// The number of scripts that are under way at once.
    private static let pipelineCount = 8
    /// The time after which things that the target needs are made again if somebody has deleted them.
    private static let preparationInterval = Duration.seconds(30)

    /// - Parameter chunkCount: the number of commands of a script.
    init(_ commands: any SinkCommands, offsetsPrefix: String, sessions: any RedisSessions, chunkCount: Int = 1_000) {
        self.chunkCount = chunkCount
        self.commands = commands
        self.offsetsPrefix = offsetsPrefix
        self.sessions = sessions
    }

    // MARK: The partitions

    var keepsOffsets: Bool { true }

    func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
        do {
            let session = try session ?? sessions.open()
            self.session = session
            try prepare(session)
            return try take(partitions, session)
        } catch let error as RedisError { throw failure(error) }
    }

    private func prepare(_ session: any RedisSession) throws {
        try commands.prepare(session)
        lastPreparation = .now
    }

    private func take(_ partitions: [TopicPartition], _ session: any RedisSession) throws -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        if owned.isEmpty { writer = UUID().uuidString }
        let keys = partitions.map { "\(offsetsPrefix)\($0.topic):\($0.partition)" }
        var words: [RedisCommand.Argument] = ["EVAL", .init(OffsetScripts.begin), "\(keys.count)"]
        words += keys.map { .init($0) }
        words.append(.init(writer))
        guard let answers = try session.send(RedisCommand(words)).elements, answers.count == partitions.count else {
            throw RedisError.protocolProblem("the script has not answered with the offsets")
        }
        var offsets: [TopicPartition: Int64] = [:]
        for ((partition, key), answer) in zip(zip(partitions, keys), answers) {
            owned[partition] = Owned(key: key, offset: answer.integer, chunkCount: chunkCount)
            offsets[partition] = answer.integer ?? (commands.beginsAnew ? 0 : nil)
        }
        return offsets
    }

    func end(_ partitions: [TopicPartition]) {
        for partition in partitions { owned[partition] = nil }
    }

    func rollBack() {
        owned = [:]
        session?.close()
        session = nil
    }

    func close() { rollBack() }

    // MARK: Records

    func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
        var refused: [RefusedSinkRecord] = []
        for record in records {
            guard owned[record.partition] != nil else { throw lost(record.partition) }
            do throws(SinkRefusal) {
                let made = try commands.commands(for: record)
                if let long = made.first(where: { $0.words.count > OffsetScripts.maxWordCount }) {
                    throw SinkRefusal(
                        "its command has \(long.words.count) words, and the limit is \(OffsetScripts.maxWordCount)")
                }
                owned[record.partition]?.append(made, next: record.offset &+ 1)
            } catch { refused.append(RefusedSinkRecord(record, reason: error.reason)) }
        }
        return refused
    }

    func commit(_ offsets: [TopicPartition: Int64]) throws {
        do {
            for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) { try commit(partition, offset) }
            if let session, ContinuousClock.now - lastPreparation >= Self.preparationInterval { try prepare(session) }
        } catch let error as RedisError { throw failure(error) }
    }

    private func commit(_ partition: TopicPartition, _ offset: Int64) throws {
        guard let session, var owned = owned[partition] else { throw lost(partition) }
        owned.move(to: offset)
        var waiting: [any RedisReplies] = []
        for chunk in owned.chunks {
            let call = chunk.call(
                offsetKey: owned.key, writer: writer, from: owned.offset, keyType: commands.keyType)
            // A script that fails leaves the offset as it is, and those after it find another one than they expect.
            waiting.append(session.start([call], blockingMs: 0))
            owned.offset = chunk.next
            if waiting.count >= Self.pipelineCount { try finish(waiting.removeFirst()) }
        }
        for replies in waiting { try finish(replies) }
        owned.chunks = []
        self.owned[partition] = owned
    }

    private func finish(_ replies: any RedisReplies) throws(RedisError) {
        _ = try RedisAnswer.checked(try replies.wait().first, "EVAL")
    }

    // MARK: Failures

    private func lost(_ partition: TopicPartition) -> ConnectorError {
        ConnectorError(.temporary, "\(commands.subject): \(partition) is not this writer's any more")
    }

    private func failure(_ error: RedisError) -> ConnectorError {
        if case .refused(let words, _) = error, words.hasPrefix("FENCED") || words.hasPrefix("STALE") {
            return ConnectorError(
                .temporary, "\(commands.subject): another writer has taken over the partition (\(words))")
        }
        return RedisFailures.error(error, at: sessions.address, about: commands.subject)
    }
}
