import MillraceConnect

@testable import MillraceTesting

/// A source whose parts are logs outside Kafka. It forgets what is said to be committed, breaks off now and then, and gives the same
/// records again when it is opened again.
// @unchecked: a simulation has one thread.
final class SimulatedSource: SourceConnector, @unchecked Sendable {
    private let world: SimulatedWorld
    let counts: [String: Int]
    /// The numbers of the records that exist by now.
    private var written: [String: Int] = [:]
    /// The numbers of the records that were forgotten.
    private var forgotten: [String: Int] = [:]
    var breaks = true

    init(_ world: SimulatedWorld, counts: [String: Int]) {
        self.world = world
        self.counts = counts
    }

    /// Writes some records.
    func write() {
        for (part, count) in counts.sorted(by: { $0.key < $1.key }) where world.random.chance(0.3) {
            written[part] = min(count, (written[part] ?? 0) + world.random.below(5))
        }
    }

    func partitions() -> [String] { counts.keys.sorted() }

    func open(_ partition: String, from position: SourcePosition?) throws -> any SourcePartitionReader {
        let next = position.flatMap { Int($0.rawValue) } ?? 0
        world.log("source: \(partition) is opened at \(next)")
        // A zombie may ask for what others have committed since.
        if next < forgotten[partition] ?? 0 { throw ConnectorError(.permanent, "\(partition): records are forgotten") }
        return Reader(self, partition, next)
    }

    private final class Reader: SourcePartitionReader {
        private let source: SimulatedSource
        private let part: String
        private var next: Int

        init(_ source: SimulatedSource, _ part: String, _ next: Int) {
            (self.source, self.part, self.next) = (source, part, next)
        }

        func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
            if source.breaks, source.world.random.chance(0.02) {
                source.world.log("source: \(part) breaks off")
                throw ConnectorError(.temporary, "the connection broke")
            }
            let end = min(source.written[part] ?? 0, next + min(count, source.world.random.below(6)))
            guard next < end else { return SourceBatch() }
            let records = (next..<end).map { number in
                SourceRecord(topic: "out", key: Array(part.utf8), value: Array("\(number)".utf8), timestampMs: 1_000)
            }
            next = end
            return SourceBatch(records, position: SourcePosition(rawValue: "\(end)"))
        }

        func committed(_ position: SourcePosition) {
            source.forgotten[part] = max(source.forgotten[part] ?? 0, Int(position.rawValue) ?? 0)
        }

        func close() {}
    }
}
