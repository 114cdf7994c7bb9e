import KafkaClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The result of handling dead letters.
package struct DeadLetterOutcome: Sendable, Hashable {
    /// The letters that were handled now, in the order of handling.
    package var handled: [DeadLetterID] = []
    /// Those that had been handled before, by this command or another.
    package var handledBefore: [DeadLetterID] = []
    /// Those that could not be handled and still wait, each with the reason in a sentence.
    package var problems: [Problem] = []

    package struct Problem: Sendable, Hashable {
        package var id: DeadLetterID
        package var reason: String
    }
}

/// Retrying and dropping.
///
/// Both write notes to the topic `<topic>-handled`, and a retry writes the record itself in the same transaction. The transactional id
/// is the same for everybody who handles letters of the topic. So when a process begins, a transaction that another one has left open
/// is aborted, and one that it was committing is completed, before the notes are read; and the other one can commit nothing any more.
/// Whatever happens, and whenever, each letter is written back once.
extension DeadLetterTopic {
    /// Writes letters back to the partitions that they came from.
    ///
    /// - Parameters:
    ///   - ids: the letters; nil for all that match the filter.
    ///   - filter: which of them, where `ids` is nil.
    ///   - value: the value to write in place of a letter's own.
    ///   - progress: is told how far it is: how many letters have been looked at, of how many; where `ids` is nil, how many offsets.
    package func retry(
        _ ids: [DeadLetterID]?, _ filter: DeadLetterFilter = DeadLetterFilter(), value: [UInt8]? = nil,
        progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws(OperationError) -> DeadLetterOutcome {
        try handle(.retried, ids, filter, value: value, progress: progress)
    }

    /// Notes of letters that they are not to be retried. Their records stay in the topic as long as its settings say.
    ///
    /// - Parameter progress: is told how far it is, as by `retry`.
    package func drop(
        _ ids: [DeadLetterID]?, _ filter: DeadLetterFilter = DeadLetterFilter(),
        progress: (Int64, Int64) -> Void = { _, _ in }
    ) throws(OperationError) -> DeadLetterOutcome {
        try handle(.dropped, ids, filter, value: nil, progress: progress)
    }

    /// The most letters in one transaction.
    private static let batchSize = 500

    private func handle(
        _ action: DeadLetter.Handled.Action, _ ids: [DeadLetterID]?, _ filter: DeadLetterFilter, value: [UInt8]?,
        progress: (Int64, Int64) -> Void
    ) throws(OperationError) -> DeadLetterOutcome {
        try handled.create(connection, admin)
        let writer = try LetterWriter(connection, transactionalID: "millrace-\(handled.topic)", handled)
        // Only now: what others had begun is over.
        let notes = try handled.read(connection, admin)
        try removeNotes(of: notes.keys, writer)
        var outcome = DeadLetterOutcome()
        var targets = Targets(connection, admin)
        var batch: [LetterWriter.Item] = []
        func add(_ letter: DeadLetter) throws(OperationError) {
            if letter.handled != nil { return outcome.handledBefore.append(letter.id) }
            do throws(OperationError) {
                let note = DeadLetter.Handled(action, letter, atMs: Int64(Date.now.timeIntervalSince1970 * 1_000))
                let record = action == .retried ? try targets.record(of: letter, value: value) : nil
                batch.append(LetterWriter.Item(id: letter.id, note: note, record: record))
            } catch {
                guard error.kind == .missing else { throw error }
                outcome.problems.append(.init(id: letter.id, reason: error.description))
            }
            if batch.count >= Self.batchSize { try write() }
        }
        func write() throws(OperationError) {
            try writer.write(batch)
            outcome.handled += batch.map(\.id)
            batch.removeAll(keepingCapacity: true)
        }
        if let ids {
            var seen: Set<DeadLetterID> = []
            for id in ids where seen.insert(id).inserted {
                try add(letter(id, notes: notes))
                progress(Int64(seen.count), Int64(ids.count))
            }
        } else {
            try visit(filter, notes: notes, progress: progress) { letter throws(OperationError) in
                try add(letter)
                return true
            }
        }
        try write()
        return outcome
    }

    /// Deletes the notes of letters that are no longer in the topic.
    private func removeNotes(of ids: some Sequence<DeadLetterID>, _ writer: LetterWriter) throws(OperationError) {
        let gone = ids.filter { id in
            marks[TopicPartition(name, id.partition)].map { id.offset < $0.low } ?? true
        }
        try writer.write(gone.sorted().map { LetterWriter.Item(id: $0, note: nil, record: nil) })
    }
}

/// Finds out where letters go, asking about each topic once.
private struct Targets {
    private let connection: ClusterConnection
    private let admin: KafkaAdmin
    private var partitionCounts: [String: Int32] = [:]

    init(_ connection: ClusterConnection, _ admin: KafkaAdmin) {
        self.connection = connection
        self.admin = admin
    }

    /// Returns the record to write for a letter.
    ///
    /// - Throws: `.missing` if the letter does not say where it came from, or that place, or its contents, are gone.
    mutating func record(of letter: DeadLetter, value: [UInt8]?) throws(OperationError) -> LetterWriter.Record {
        guard let source = letter.source else {
            throw OperationError(
                .missing, "its headers do not say which topic and partition it came from, so it can only be dropped")
        }
        if partitionCounts[source.topic] == nil {
            partitionCounts[source.topic] = try connection.partitionCounts(of: [source.topic], admin)[source.topic] ?? 0
        }
        guard let count = partitionCounts[source.topic], source.partition < count else {
            throw OperationError(.missing, "it came from \(source), which does not exist any more")
        }
        var (key, ownValue) = (letter.record.key, letter.record.value)
        var headers = letter.ownHeaders
        // A record that had waited in a cache or a buffer is reported without its bytes: its source has them.
        if key == nil, ownValue == nil, value == nil, let offset = letter.sourceOffset {
            guard let original = try connection.record(at: offset, of: source) else {
                throw OperationError(
                    .missing, "it has neither key nor value, and the record at offset \(offset) of \(source) is gone")
            }
            (key, ownValue, headers) = (original.key, original.value, original.headers)
        }
        return LetterWriter.Record(
            target: source, key: key, value: value ?? ownValue, timestampMs: max(0, letter.record.timestampMs),
            headers: headers)
    }
}
