import MillraceConnect

@testable import MillracePostgres
@testable import MillraceTesting
@testable import PostgresClient

/// A PostgreSQL server with one table and one slot: it forgets what is confirmed, sends keepalives anywhere, breaks off, and begins before
/// the position that it was asked for.
final class SimulatedSlot {
    /// A committed transaction.
    struct Transaction {
        var commit: UInt64
        var end: UInt64
        var messages: [LogicalMessage]
    }

    static let relation = Relation(
        id: 7, schema: "public", name: "t", identity: .primaryKey,
        columns: [
            .init(name: "k", type: 23, isKey: true), .init(name: "small", type: 23), .init(name: "large", type: 25),
        ])

    var random: SeededRandom
    /// Whether old rows are complete, as under full identity.
    let isFull: Bool
    var breaks = true
    private(set) var transactions: [Transaction] = []
    private(set) var confirmed: UInt64 = 100
    private(set) var end: UInt64 = 100
    /// The rows at present: small and large values by key.
    private(set) var rows: [Int: (small: Int, large: String)] = [:]
    /// The records that the changes are, one by one: the key, and the value that is exact; `nil` for a tombstone.
    private(set) var expected: [(key: Int, value: String?)] = []
    private var transactionCount: UInt32 = 0

    init(seed: UInt64, isFull: Bool) {
        random = SeededRandom(seed: seed)
        self.isFull = isFull
    }

    static func text(_ text: String) -> Row.Value { .text(Array(text.utf8)) }
    static func value(_ key: Int, _ small: Int, _ large: String) -> String {
        #"{"k":\#(key),"small":\#(small),"large":"\#(large)"}"#
    }

    // MARK: Changes

    /// Commits a transaction of some changes, or writes something that is of no interest into the log.
    func write() {
        end += 10
        if random.chance(0.3) { return }
        let commit = end + 5
        var messages: [LogicalMessage] = []
        for _ in 0..<(1 + random.below(random.chance(0.1) ? 30 : 4)) { messages.append(change()) }
        transactionCount += 1
        let begin = LogicalMessage.Transaction(
            commit: .init(rawValue: commit), time: .init(microseconds: 0), id: transactionCount)
        end = commit + 8
        messages = [.begin(begin)] + messages
        messages.append(.commit(position: begin.commit, end: .init(rawValue: end), begin.time))
        transactions.append(Transaction(commit: commit, end: end, messages: messages))
    }

    private func change() -> LogicalMessage {
        let key = random.below(6)
        guard let row = rows[key] else {
            let new = (small: random.below(100), large: "large \(random.below(1_000))")
            rows[key] = new
            expected.append((key, Self.value(key, new.small, new.large)))
            return .insert(relation: 7, Row([Self.text("\(key)"), Self.text("\(new.small)"), Self.text(new.large)]))
        }
        let old = Row([Self.text("\(key)"), Self.text("\(row.small)"), Self.text(row.large)])
        if random.chance(0.2) {
            rows[key] = nil
            expected.append((key, nil))
            return .delete(relation: 7, isFull ? .full(old) : .key(Row([old.values[0], .null, .null])))
        }
        var new = (small: random.below(100), large: row.large)
        var target = key
        if random.chance(0.3) { new.large = "large \(random.below(1_000))" }
        if random.chance(0.2), let free = (0..<6).first(where: { rows[$0] == nil }) {
            target = free
            rows[key] = nil
            expected.append((key, nil))
        }
        rows[target] = new
        expected.append((target, Self.value(target, new.small, new.large)))
        let isUnchanged = new.large == row.large
        let known: OldRow? = isFull ? .full(old) : target == key ? nil : .key(Row([old.values[0], .null, .null]))
        return .update(
            relation: 7, old: known,
            Row([
                Self.text("\(target)"), Self.text("\(new.small)"), isUnchanged ? .unchanged : Self.text(new.large),
            ]))
    }

    // MARK: The slot

    /// Takes a confirmation, after which the log before is gone.
    func confirm(_ position: UInt64) { confirmed = max(confirmed, min(position, end)) }

    /// Opens a stream.
    ///
    /// - Throws: ``ConnectorError`` if changes after the position are gone.
    func open(from position: UInt64) throws -> any SlotStream {
        if confirmed > position {
            throw ConnectorError(.permanent, "changes between \(position) and \(confirmed) are lost")
        }
        // The position that the slot remembers may be older than the last one that was confirmed.
        let start = random.chance(0.2) ? max(100, min(confirmed, position)) : position
        return Stream(self, from: start)
    }

    /// The position that the slot is still able to begin with: what is confirmed is gone.
    private func messages(after position: UInt64) -> [LogicalMessage] {
        let first = transactions.filter { $0.end > position && $0.end > confirmed }
        return first.isEmpty ? [] : [.relation(Self.relation)] + first.flatMap(\.messages)
    }

    private final class Stream: SlotStream {
        private let slot: SimulatedSlot
        private var start: UInt64
        private var pending: [LogicalMessage] = []
        private var index = 0
        private var isInTransaction = false
        private var hasDescribed = false

        init(_ slot: SimulatedSlot, from position: UInt64) {
            self.slot = slot
            start = position
        }

        func next(withinMs milliseconds: Int) throws -> ReplicationStream.Event? {
            if slot.breaks {
                if slot.random.chance(0.01) { throw ConnectorError(.temporary, "the connection broke") }
                if slot.random.chance(0.1) { return nil }
            }
            if index == pending.count {
                pending = slot.messages(after: start)
                index = 0
                start = max(start, slot.transactions.last?.end ?? 0)
            }
            // A keepalive in the middle of a transaction says how far the server has read, not sent.
            if slot.random.chance(0.1) || index == pending.count {
                if index == pending.count, !slot.random.chance(0.5) { return nil }
                let reached = index == pending.count || isInTransaction ? slot.end : nil
                if let reached { return .keepalive(.init(rawValue: reached), wantsReply: slot.random.chance(0.5)) }
            }
            let message = pending[index]
            index += 1
            switch message {
            case .begin: isInTransaction = true
            case .commit: isInTransaction = false
            default: break
            }
            return .message(message, at: .init(rawValue: 0))
        }

        func confirm(_ position: LogSequenceNumber) { slot.confirm(position.rawValue) }
    }
}

/// The table as it is at present.
final class SimulatedTable: TableKnowledge {
    private let slot: SimulatedSlot

    init(_ slot: SimulatedSlot) { self.slot = slot }

    func shape(of relation: Relation) throws -> TableShape? {
        TableShape(
            table: TableName(schema: relation.schema, name: relation.name), topic: "t",
            columns: [.init("k", .number), .init("small", .number), .init("large", .text)], keyIndexes: [0])
    }

    func values(of columns: [Int], forKeyOf row: Row, in shape: TableShape) throws -> [Row.Value]? {
        guard case .text(let text) = row.values[0], let key = Int(String(decoding: text, as: UTF8.self)),
            let found = slot.rows[key]
        else { return nil }
        return columns.map { _ in SimulatedSlot.text(found.large) }
    }
}
