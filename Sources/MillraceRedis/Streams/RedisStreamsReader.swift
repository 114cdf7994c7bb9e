import MillraceConnect
import RedisClient

/// The reading of one stream.
///
/// Each answer begins with the entry at the position, if the stream still has it: a trim takes from the front, so everything after it is
/// there as well. If that entry is gone, the stream's figures tell whether others are gone, too (`StreamContinuity`). While an answer is
/// worked on, the next one is under way.
final class RedisStreamsReader: SourcePartitionReader {
    private let stream: String
    private let source: RedisStreamsSource
    private let session: any RedisSession
    private let address: String
    private let records: StreamRecords
    private var group: StreamGroup?
    private var position: StreamPosition
    private var budget: ReadBudget
    /// The answer under way to a read from the position.
    private var ahead: (count: Int, replies: any RedisReplies)?
    /// The position to report although there are no records.
    private var isNews = false
    /// The sentence for the next record after a loss.
    private var loss: String?
    /// The losses that are not reported yet.
    private var losses: [RecordLoss] = []

    private var configuration: RedisStreamsSource.Configuration { source.configuration }

    /// - Throws: `RedisError`, ``ConnectorError``.
    init(
        stream: String, topic: String, from kept: SourcePosition?, source: RedisStreamsSource,
        session: any RedisSession, address: String
    ) throws {
        self.stream = stream
        self.source = source
        self.session = session
        self.address = address
        records = StreamRecords(stream: stream, topic: topic, source.configuration)
        budget = ReadBudget(sizeInBytes: source.configuration.readSizeInBytes)
        let info = try Self.info(of: stream, session)
        if let kept {
            position = try StreamPosition(kept, stream: stream)
        } else {
            isNews = true
            position =
                switch (source.configuration.start, info) {
                case (.end, let info?): StreamPosition(info.lastID, ordinal: info.added, certainTo: info.lastID)
                case (_, let info?): StreamPosition(.zero, ordinal: info.gone, certainTo: info.maxDeleted)
                case (_, nil): StreamPosition(.zero, ordinal: 0)
                }
        }
        if let name = source.configuration.group {
            group = StreamGroup(name, of: stream, source.configuration, session: session)
        }
        if kept == nil, source.configuration.start == .group, let place = try group?.place() { position = place }
        try group?.begin(at: position)
    }

    func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
        do {
            var entries = try take(count)
            if entries.isEmpty, !isNews, milliseconds > 0, position.pending == nil {
                try wait(milliseconds)
                entries = try take(count)
            }
            return batch(entries)
        } catch let error as RedisError { throw failure(error) }
    }

    func committed(_ position: SourcePosition) throws {
        guard let group else { return }
        do { try group.committed(try StreamPosition(position, stream: stream)) } catch let error as RedisError {
            throw failure(error)
        }
    }

    var backlog: SourceBacklog? {
        guard let measures = source.measures[stream], let lag = measures.lag else { return nil }
        return SourceBacklog(recordCount: lag, trimMargin: measures.trimMargin)
    }

    func close() { session.close() }

    private func failure(_ error: RedisError) -> ConnectorError {
        RedisFailures.error(error, at: address, about: "the stream \(stream)")
    }

    private func batch(_ entries: StreamEntries) -> SourceBatch {
        guard let last = entries.last else {
            defer { (isNews, losses) = (false, []) }
            return SourceBatch([], position: isNews ? position.text : nil, losses: losses)
        }
        isNews = false
        let batch = records.records(of: entries, loss: loss)
        loss = nil
        if position.pending == nil { position.advance(to: last.id, count: entries.count) }
        source.measures.update(stream) { measures in
            measures.readCount += entries.count
            measures.lag = measures.lag.map { max(0, $0 - entries.count) }
        }
        defer { losses = [] }
        return SourceBatch(batch, position: position.text, losses: losses)
    }

    // MARK: Entries

    /// Returns the entries that follow the position, as far as they are there.
    private func take(_ count: Int) throws -> StreamEntries {
        if position.pending != nil { return try takePending(count) }
        let answer = ahead ?? start(count)
        ahead = nil
        let answers = try answer.replies.wait()
        var entries = try StreamEntries(RedisAnswer.checked(answers.first, "XRANGE"))
        if answers.count > 1, let info = StreamInfo(answers[1]) { note(info) }
        if entries.first?.id == position.id {
            entries.removeFirst()
        } else {
            entries = try check(answer.count)
        }
        budget.note(entries)
        // A full answer has others behind it.
        if entries.count >= answer.count, let last = entries.last {
            ahead = start(count, after: last.id)
        } else if entries.isEmpty, budget.isCheckDue {
            _ = try check(0)
        }
        return entries
    }

    private func start(
        _ count: Int, after id: StreamID? = nil
    ) -> (count: Int, replies: any RedisReplies) {
        let count = min(max(1, count), budget.count)
        let begin = id ?? position.id
        var commands = [range(from: begin, count + 1)]
        // The figures are looked at while there is a backlog, too, which a trim may be near.
        if budget.isCheckDue { commands.append(["XINFO", "STREAM", .init(stream)]) }
        return (count, session.start(commands, blockingMs: 0))
    }

    private func range(from id: StreamID, _ count: Int) -> RedisCommand {
        let command: RedisCommand = ["XRANGE", .init(stream), "\(id)", "+", "COUNT", "\(count)"]
        return command.withEncodedAnswer
    }

    /// Waits until there is something after the position.
    private func wait(_ milliseconds: Int) throws(RedisError) {
        // The entry itself is read again, together with those before it: a burst may have been trimmed meanwhile.
        _ = try session.send(
            [
                "XREAD", "COUNT", "1", "BLOCK", "\(max(1, milliseconds))", "STREAMS", .init(stream), "\(position.id)",
            ], blockingMs: milliseconds)
    }

    /// Looks whether the stream has everything after the position, and returns the first entries after it.
    private func check(_ count: Int) throws -> StreamEntries {
        guard let answers = try look(count + 1) else { return StreamEntries() }
        guard let info = StreamInfo(answers[0]) else { throw Self.tooOld(stream) }
        var entries = try StreamEntries(answers[1])
        let isThere = entries.first?.id == position.id
        if isThere {
            entries.removeFirst()
        } else {
            let continuity = StreamContinuity(after: position, in: info)
            if continuity != .whole {
                try handle(continuity, info)
                // The rest depends on the new position.
                entries = StreamEntries()
            }
        }
        note(info)
        entries.keepFirst(count)
        return entries
    }

    private func note(_ info: StreamInfo) {
        budget.checked()
        if info.lastID == position.id { (position.ordinal, position.certainTo) = (info.added, info.lastID) }
        let backlog = info.backlog(after: position)
        source.measures.update(stream) { ($0.lag, $0.trimMargin) = (backlog?.recordCount, backlog?.trimMargin) }
    }

    /// Returns the stream's figures and its entries from the position on, of the same moment; `nil` if there is no stream.
    private func look(_ count: Int) throws(RedisError) -> [RedisValue]? {
        do {
            return try session.sendTogether([
                ["XINFO", "STREAM", .init(stream)],
                range(from: position.id, count),
            ])
        } catch {
            if error.isMissingKey { return nil }
            throw error
        }
    }

    /// Returns the stream's figures; `nil` if there is no stream.
    static func info(of stream: String, _ session: any RedisSession) throws -> StreamInfo? {
        do {
            guard let info = StreamInfo(try session.send(["XINFO", "STREAM", .init(stream)])) else {
                throw tooOld(stream)
            }
            return info
        } catch let error as RedisError where error.isMissingKey { return nil }
    }

    private static func tooOld(_ stream: String) -> ConnectorError {
        ConnectorError(
            .permanent,
            "the stream \(stream): the server does not count the entries of streams, so losses could not be noticed; it has to be Redis 7.0 "
                + "or newer, or Valkey")
    }

    // MARK: Losses

    private func handle(_ continuity: StreamContinuity, _ info: StreamInfo) throws {
        try handle(StreamLossReport(continuity, position: position, info))
    }

    private func handle(_ report: StreamLossReport) throws {
        guard configuration.loss == .goOn else {
            throw ConnectorError(
                .permanent,
                "the stream \(stream): \(report.sentence); \(report.remedy), or set \"onLoss\" to \"continue\" to go on without them"
            )
        }
        loss = report.sentence
        losses.append(RecordLoss("the stream \(stream): \(report.sentence)", recordCount: report.lostCount))
        source.measures.update(stream) { measures in
            measures.lostCount += report.lostCount ?? 0
            measures.losses += 1
            measures.lastLoss = report.sentence
        }
        position = report.next
        if let last = try lastEntry(upTo: position.id) { position.id = last }
        isNews = true
        ahead = nil
    }

    /// Returns the last entry up to an id. From there on the next reads see that nothing is missing.
    private func lastEntry(upTo id: StreamID) throws(RedisError) -> StreamID? {
        let command: RedisCommand = ["XREVRANGE", .init(stream), "\(id)", "-", "COUNT", "1"]
        return try StreamEntries(session.send(command.withEncodedAnswer)).first?.id
    }

    // MARK: What a group had pending

    private func takePending(_ count: Int) throws -> StreamEntries {
        guard let group, let delivered = position.pending else {
            throw ConnectorError(
                .permanent,
                "the stream \(stream): the position is among the pending entries of a group; name the group in the configuration"
            )
        }
        guard let (entries, deleted) = try group.claim(after: position.id, count: min(count, budget.count)) else {
            position = StreamPosition(delivered, ordinal: position.ordinal, certainTo: delivered)
            isNews = true
            return StreamEntries()
        }
        if !deleted.isEmpty { try handle(StreamLossReport(deleted: deleted, group: group.name, position: position)) }
        budget.note(entries)
        if let last = entries.last { position.id = last.id }
        return entries
    }
}
