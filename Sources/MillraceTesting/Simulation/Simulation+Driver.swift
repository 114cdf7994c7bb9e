import Millrace
package import MillraceEngine

extension Simulation {
    /// The delay of a record that waits.
    static let waitMs: Int64 = 2_000

    /// A test driver with the simulation's partitions.
    func driver(_ topology: Topology, storage: StateStorage = .memory) throws -> TopologyTestDriver {
        try TopologyTestDriver(topology, partitions: PartitionCounts(topics), storage: storage)
    }

    /// Pipes records into a driver in the way in which a run writes them.
    func pipe(
        _ records: [SimulatedRecord], into driver: TopologyTestDriver, afterEach: (Int) throws -> Void = { _ in }
    ) throws {
        for (number, record) in records.enumerated() {
            if record.waits { try driver.advanceWallClock(by: .milliseconds(Self.waitMs)) }
            try driver.inputTopic(record.topic, key: .bytes, value: .bytes)
                .pipe(
                    key: record.key, value: record.value, timestampMs: record.timestampMs, partition: record.partition)
            try afterEach(number)
        }
    }

    /// Returns the test driver's results for a seed's records if the instance ends after every few of them.
    ///
    /// Stores are checkpointed in between, so that after a crash they start from a state some records earlier.
    ///
    /// - Parameters:
    ///   - ending: the way the instance ends; `nil` if it does not.
    ///   - between: the number of records between two ends.
    ///   - change: changes the records before they are written.
    package func driven(
        seed: UInt64, storage: StateStorage, ending: InstanceEnding?, between: Int = 5,
        changing change: (inout [SimulatedRecord]) -> Void = { _ in }
    ) throws -> DrivenResults {
        var random = SeededRandom(seed: seed)
        var records = try records(&random)
        change(&records)
        let driver = try driver(topology(), storage: storage)
        defer { driver.close() }
        try pipe(records, into: driver) { number in
            if let ending, number % between == between - 1 { try driver.restart(ending) }
            if number % (between * 3) == between { try driver.checkpoint() }
        }
        var driven = DrivenResults(results: SimulatedResults(inputs: records))
        for topic in outputs {
            let output = driver.outputTopic(topic, key: .bytes, value: .bytes)
            while let (partition, record) = try output.readPartitionedRecord() {
                driven.lines[topic, default: []].append(Self.line(partition, record))
                driven.results.add(record, to: topic)
            }
        }
        return driven
    }

    private static func line(_ partition: Int32, _ record: Record<[UInt8], [UInt8]>) -> String {
        let text = { (bytes: [UInt8]?) in bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-" }
        let headers = record.headers.map { "\($0.name):\($0.value.map { "\($0)" } ?? "-")" }
        return "\(partition): \(text(record.key))=\(text(record.value))@\(record.timestampMs) \(headers)"
    }
}

/// The records that a driver has written: a line for each record of each output topic, in order, and the same by key.
package struct DrivenResults {
    package var lines: [String: [String]] = [:]
    package var results: SimulatedResults
}

extension SimulatedResults {
    mutating func add(_ record: Record<[UInt8], [UInt8]>, to topic: String) {
        outputs[topic, default: [:]][record.key, default: []].append(
            Value(bytes: record.value, timestampMs: record.timestampMs))
    }
}
