import Millrace
import MillraceConnect

@testable import MillraceTesting

/// A target with transactions, which keeps the offsets of a sink beside its rows. It breaks off now and then, before or after what it was
/// asked for, and refuses values that begin with an exclamation mark, some of them later than they were written.
// @unchecked: a simulation has one thread.
final class SimulatedTarget: SimulatedSinkTarget, @unchecked Sendable {
    private let world: SimulatedWorld
    let topics = ["in"]
    private(set) var rows: [TopicPartition: [String]] = [:]
    private(set) var offsets: [TopicPartition: Int64] = [:]
    private var owners: [TopicPartition: Int] = [:]
    private var lastWriter = 0
    var breaks = true
    /// Whether a writer that is not the last one is refused.
    var fences = true

    init(_ world: SimulatedWorld) { self.world = world }

    func open() throws -> any SinkWriter { Writer(self) }

    private func interrupt(at what: String) throws {
        guard breaks, world.random.chance(0.02) else { return }
        world.log("target: breaks off at \(what)")
        throw ConnectorError(.temporary, "the connection broke")
    }

    private final class Writer: SinkWriter {
        private let target: SimulatedTarget
        private var number = 0
        private var pending: [TopicPartition: [String]] = [:]
        /// The records whose refusal nobody knows yet.
        private var late: [RefusedSinkRecord] = []

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
                let text = String(decoding: record.value ?? [], as: UTF8.self)
                if text.hasPrefix("!") {
                    let letter = RefusedSinkRecord(record, reason: "the value is not a number")
                    if isLate { late.append(letter) } else { refused.append(letter) }
                } else {
                    pending[record.partition, default: []].append(text)
                }
            }
            return refused
        }

        func finish() throws -> [RefusedSinkRecord] {
            try target.interrupt(at: "finish")
            defer { late = [] }
            return late
        }

        func commit(_ offsets: [TopicPartition: Int64]) throws {
            try target.interrupt(at: "commit")
            for partition in offsets.keys.sorted() where target.fences && target.owners[partition] != number {
                throw ConnectorError(.temporary, "\(partition) has another writer")
            }
            for (partition, rows) in pending { target.rows[partition, default: []] += rows }
            pending = [:]
            target.offsets.merge(offsets) { $1 }
            target.world.log("target: writer \(number) commits \(offsets.map { "\($0): \($1)" }.sorted())")
            try target.interrupt(at: "the answer to commit")
        }

        func rollBack() { (pending, late) = ([:], []) }

        func close() { rollBack() }
    }
}
