import Millrace
import MillraceConnect

@testable import MillracePostgres
@testable import MillraceTesting

/// A target with transactions, which keeps the offsets of a sink beside its rows. It breaks off now and then, before or after what it was
/// asked for, and refuses values that begin with an exclamation mark, some of them later than they were written. Rows that need another one
/// are checked at the end of a transaction. Its writer searches for those that are refused then as that of PostgreSQL does.
// @unchecked: a simulation has one thread.
final class SimulatedTarget: SimulatedSinkTarget, @unchecked Sendable {
    private let world: SimulatedWorld
    private let fault: SinkFault?
    let topics = ["in"]
    let checksAtEnd = true
    private(set) var rows: [TopicPartition: [String]] = [:]
    private var numbers: [TopicPartition: Set<Int>] = [:]
    private(set) var offsets: [TopicPartition: Int64] = [:]
    private(set) var problems: [String] = []
    private var owners: [TopicPartition: Int] = [:]
    private var lastWriter = 0
    var breaks = true

    init(_ world: SimulatedWorld, _ fault: SinkFault?) { (self.world, self.fault) = (world, fault) }

    func open() throws -> any SinkWriter { Writer(self) }

    private func interrupt(at what: String) throws {
        guard breaks, world.random.chance(0.02) else { return }
        world.log("target: breaks off at \(what)")
        throw ConnectorError(.temporary, "the connection broke")
    }

    /// Returns why rows are refused at the end of a transaction; `nil` if they are not.
    private func reason(against pending: [SinkRecord]) -> String? {
        for record in pending {
            guard let needed = record.numbers.last, record.numbers.count == 2 else { continue }
            let isThere =
                pending.contains { $0.partition == record.partition && $0.numbers.first == needed }
                || numbers[record.partition]?.contains(needed) ?? false
            if !isThere { return "there is no row \(needed)" }
        }
        return nil
    }

    private final class Writer: SinkWriter, CheckedTransaction {
        private let target: SimulatedTarget
        private var number = 0
        private var pending: [SinkRecord] = []
        /// The records whose refusal nobody knows yet.
        private var late: [RefusedSinkRecord] = []
        /// The records that were refused alone in the open transaction.
        private var refusedAlone: Set<SinkRecord> = []

        init(_ target: SimulatedTarget) { self.target = target }

        func begin(_ partitions: [TopicPartition]) throws -> [TopicPartition: Int64] {
            try target.interrupt(at: "begin")
            target.lastWriter += 1
            number = target.lastWriter
            for partition in partitions { target.owners[partition] = number }
            let found = Dictionary(uniqueKeysWithValues: partitions.map { ($0, target.offsets[$0] ?? 0) })
            target.world.log("target: writer \(number) begins with \(found.map { "\($0): \($1)" }.sorted())")
            try target.interrupt(at: "the answer to begin")
            return found
        }

        func end(_ partitions: [TopicPartition]) {}

        func write(_ records: [SinkRecord]) throws -> [RefusedSinkRecord] {
            try target.interrupt(at: "write")
            var refused = late
            late = []
            let isLate = target.world.random.chance(0.5)
            for record in records {
                if record.row.hasPrefix("!") {
                    let letter = RefusedSinkRecord(record, reason: "the value is not a number")
                    if isLate { late.append(letter) } else { refused.append(letter) }
                } else {
                    pending.append(record)
                }
            }
            return refused
        }

        func finish() throws -> [RefusedSinkRecord] {
            try target.interrupt(at: "finish")
            var refused = late
            late = []
            if target.fault?.isUnchecked != true, target.reason(against: pending) != nil {
                refused += try refuseAtEnd()
            }
            return refused
        }

        private func refuseAtEnd() throws -> [RefusedSinkRecord] {
            refusedAlone = []
            let refused = try RefusalSearch(transaction: self).write(pending)
            for refusal in refused where target.reason(against: pending + [refusal.record]) == nil {
                target.problems.append("\(refusal.record.row) was refused, and would have passed")
            }
            target.world.log("target: writer \(number) is refused \(refused.map(\.record.row))")
            return refused
        }

        func restart() throws {
            try target.interrupt(at: "restart")
            if target.fault?.keepsRowsAtRestart != true { pending = [] }
        }

        func attempt(_ records: ArraySlice<SinkRecord>) throws -> String? {
            try target.interrupt(at: "attempt")
            if target.fault?.triesOnce == true, !refusedAlone.isDisjoint(with: records) { return "refused before" }
            guard let reason = target.reason(against: pending + records) else {
                pending += records
                return nil
            }
            if records.count == 1 { refusedAlone.formUnion(records) }
            return reason
        }

        func commit(_ offsets: [TopicPartition: Int64]) throws {
            try target.interrupt(at: "commit")
            for partition in offsets.keys.sorted()
            where target.fault?.isUnfenced != true && target.owners[partition] != number {
                throw ConnectorError(.temporary, "\(partition) has another writer")
            }
            if let reason = target.reason(against: pending) { throw ConnectorError(.temporary, reason) }
            for record in pending {
                target.rows[record.partition, default: []].append(record.row)
                target.numbers[record.partition, default: []].formUnion(record.numbers.prefix(1))
            }
            pending = []
            target.offsets.merge(offsets) { $1 }
            target.world.log("target: writer \(number) commits \(offsets.map { "\($0): \($1)" }.sorted())")
            try target.interrupt(at: "the answer to commit")
        }

        func rollBack() { (pending, late) = ([], []) }

        func close() { rollBack() }
    }
}

extension SinkRecord {
    fileprivate var row: String { String(decoding: value ?? [], as: UTF8.self) }

    /// The number of the row, and of the one that it needs.
    fileprivate var numbers: [Int] {
        (value ?? []).split { !(0x30...0x39).contains($0) && $0 != UInt8(ascii: "-") }.compactMap {
            Int(String(decoding: $0, as: UTF8.self))
        }
    }
}
