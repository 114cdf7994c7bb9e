import MillraceConnect

@testable import MillracePostgres
@testable import MillraceTesting
@testable import PostgresClient

/// The reading of a simulated slot by the production reader, from a seed: crashes between reading, the commit in Kafka, and hearing of it,
/// at any step.
struct SlotSimulation {
    private let slot: SimulatedSlot
    private let fault: SlotFault?
    private var random: SeededRandom
    private var reader: ChangeReader?
    /// What Kafka has committed.
    private var position: SlotPosition
    private var committed: [SourceRecord] = []
    /// What was read since.
    private var pending: [SourceRecord] = []
    private var reached: SourcePosition?
    private var problems: [String] = []

    init(seed: UInt64, fault: SlotFault? = nil) {
        slot = SimulatedSlot(seed: seed, isFull: seed.isMultiple(of: 2))
        random = SeededRandom(seed: seed &+ 1_000_000)
        self.fault = fault
        position = SlotPosition(system: "1", timeline: 1, lsn: .init(rawValue: 100), timeMs: 0)
    }

    /// Runs the simulation. Returns what is wrong.
    mutating func run() -> [String] {
        do {
            for _ in 0..<300 { try step() }
            slot.breaks = false
            drop()
            // Everything has been sent once the position is at the end of the last transaction.
            for _ in 0..<10_000 where position.lsn.rawValue < slot.transactions.last?.end ?? 0 {
                try read()
                try commit(isHeard: true)
            }
        } catch { problems.append("\(error)") }
        return problems + wrong
    }

    private mutating func step() throws {
        if random.chance(0.3) { slot.write() }
        do {
            try read()
            if random.chance(0.3) { try commit(isHeard: !random.chance(0.1)) }
        } catch let error as ConnectorError where error.kind == .temporary { drop() }
        if random.chance(0.05) { drop() }
    }

    private mutating func read() throws {
        let reader = try reader ?? open()
        self.reader = reader
        let batch = try reader.read(1 + random.below(5), withinMs: 10)
        pending += batch.records
        reached = batch.position ?? reached
        if batch.position == nil, !batch.records.isEmpty { problems.append("records without a position") }
    }

    private func open() throws -> ChangeReader {
        var configuration = PostgresSourceConfiguration(server: PostgresServer(database: "d", user: "u"), tables: ["t"])
        configuration.splitCount = 8
        configuration.unchangedValues = .table
        let stream = try slot.open(from: position.lsn.rawValue)
        let table = SimulatedTable(slot)
        return ChangeReader(
            fault?.wrapStream(stream) ?? stream, fault?.wrapTable(table) ?? table, rules: ChangeRules(configuration),
            from: position)
    }

    private mutating func commit(isHeard: Bool) throws {
        guard let reached else { return }
        committed += pending
        var new = try SlotPosition(reached)
        fault?.change(&new)
        position = new
        (pending, self.reached) = ([], nil)
        // A crash between the commit and the confirmation.
        if isHeard { try reader?.committed(position) } else { drop() }
        if slot.confirmed > position.lsn.rawValue {
            problems.append("the server was told \(slot.confirmed), and Kafka has \(position.lsn.rawValue)")
        }
    }

    private mutating func drop() { (reader, pending, reached) = (nil, [], nil) }

    // MARK: The results

    private var wrong: [String] {
        let found = committed.map { record in
            (
                key: String(decoding: record.key ?? [], as: UTF8.self),
                value: record.value.map { String(decoding: $0, as: UTF8.self) }
            )
        }
        var problems: [String] = []
        if slot.isFull {
            let expected = slot.expected.map { "{\"k\":\($0.key)} \($0.value ?? "∅")" }
            let lines = found.map { "\($0.key) \($0.value ?? "∅")" }
            if lines != expected { problems.append("\(lines.count) records in place of \(expected.count): \(lines)") }
        }
        var table: [String: String] = [:]
        for (key, value) in found { table[key] = value }
        var rows: [String: String] = [:]
        for (key, row) in slot.rows { rows["{\"k\":\(key)}"] = SimulatedSlot.value(key, row.small, row.large) }
        if table != rows { problems.append("the topic has \(table), and the table \(rows)") }
        return problems
    }
}
