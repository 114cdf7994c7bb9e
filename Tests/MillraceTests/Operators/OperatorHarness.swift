import Millrace
import MillraceTesting
import Testing

typealias Text = Record<String, String>

/// What came out of a topology, and what did not.
struct Outcome<Key: Sendable, Value: Sendable> {
    var records: [Record<Key, Value>]
    var dropped: [DropReason: Int]
}

/// Text records to run through an operator: with and without a key, with a value, an empty one and none.
let everyKindOfRecord: [Text] = [
    Record(key: "a", value: "apple", timestampMs: 1, headers: [Header(name: "h", value: [1])]),
    Record(key: nil, value: "banana", timestampMs: 2),
    Record(key: "c", value: "", timestampMs: 3),
    Record(key: "d", value: nil, timestampMs: 4),
    Record(key: nil, value: nil, timestampMs: 5),
]

/// Runs records of the topic `in` through operators into the topic `out`.
func run<Key, Value>(
    _ records: [Text] = everyKindOfRecord, key: Serde<Key>, value: Serde<Value>,
    _ operators: (KStream<String, String>) -> KStream<Key, Value>
) throws -> Outcome<Key, Value> {
    let builder = StreamsBuilder()
    operators(builder.stream("in", key: .string, value: .string)).to("out", key: key, value: value)
    return try run(records.map { ("in", $0) }, through: builder.build(), key: key, value: value)
}

/// Text in, text out.
func run(
    _ records: [Text] = everyKindOfRecord, _ operators: (KStream<String, String>) -> KStream<String, String>
) throws -> Outcome<String, String> {
    try run(records, key: .string, value: .string, operators)
}

/// Runs records of the topic `in`, read as a table, through operators into the topic `out`.
func runTable<Key, Value>(
    _ records: [Text], key: Serde<Key>, value: Serde<Value>, store: Materialized<String, String>? = nil,
    _ operators: (KTable<String, String>) -> KTable<Key, Value>
) throws -> Outcome<Key, Value> {
    let builder = StreamsBuilder()
    operators(builder.table("in", key: .string, value: .string, into: store)).toStream()
        .to("out", key: key, value: value)
    return try run(records.map { ("in", $0) }, through: builder.build(), key: key, value: value)
}

/// Which topic a record comes on.
enum Side: String {
    case left, right
}

/// Runs records of the topics `left` and `right` through operators into the topic `out`.
func runSides(
    _ records: [(Side, Text)], _ define: (StreamsBuilder) -> KStream<String, String>
) throws -> Outcome<String, String> {
    let builder = StreamsBuilder()
    define(builder).to("out", key: .string, value: .string)
    let placed = records.map { ($0.rawValue, $1) }
    return try run(placed, through: builder.build(), key: .string, value: .string)
}

/// Runs records through a topology into the topic `out`.
///
/// Where the topology has stores that survive, everything is run again with a restart after every so many records: after a
/// crash that leaves the disk as it was some records before, and after one that takes the disk along. The results have to be
/// the same, record by record.
func run<Key, Value>(
    _ records: [(topic: String, record: Text)], through topology: Topology, key: Serde<Key>, value: Serde<Value>
) throws -> Outcome<Key, Value> {
    let (outcome, written) = try MillraceTests.outcome(
        of: records, through: topology, key: key, value: value, ending: nil)
    guard topology.keepsState else { return outcome }
    for ending in InstanceEnding.allCases {
        let (again, writtenAgain) = try MillraceTests.outcome(
            of: records, through: topology, key: key, value: value, ending: ending)
        #expect(writtenAgain == written, "after restarts, \(ending)")
        #expect(again.dropped == outcome.dropped, "after restarts, \(ending)")
    }
    return outcome
}

/// Runs records through a topology, with restarts where the ending of the instance is given. Returns the bytes written too.
private func outcome<Key, Value>(
    of records: [(topic: String, record: Text)], through topology: Topology, key: Serde<Key>, value: Serde<Value>,
    ending: InstanceEnding?
) throws -> (Outcome<Key, Value>, written: [Record<[UInt8], [UInt8]>]) {
    let driver = try TopologyTestDriver(topology, storage: ending == nil ? .memory : .simulatedDisk)
    let between = max(1, records.count / 3)
    for (index, (topic, record)) in records.enumerated() {
        if let ending, index > 0, index % between == 0 {
            try driver.restart(ending)
        } else if ending != nil, index % between == between / 2 {
            try driver.checkpoint()
        }
        try driver.inputTopic(topic, key: .string, value: .string)
            .pipe(key: record.key, value: record.value, timestampMs: record.timestampMs, headers: record.headers)
    }
    let written = try driver.outputTopic("out", key: .bytes, value: .bytes).readRecords()
    let output = try written.map { record in
        Record(
            key: try record.key.map(key.value(from:)), value: try record.value.map(value.value(from:)),
            timestampMs: record.timestampMs, headers: record.headers)
    }
    return (Outcome(records: output, dropped: driver.droppedRecords), written)
}

extension Topology {
    /// Whether every store outlives a crash: it has a changelog, as all have by default.
    fileprivate var keepsState: Bool {
        let stores = subtopologies.flatMap(\.stores)
        return !stores.isEmpty && stores.allSatisfy { $0.changelogTopic != nil }
    }
}

/// A text record in one line.
func text(_ key: String?, _ value: String?, _ timestampMs: Int64) -> Text {
    Record(key: key, value: value, timestampMs: timestampMs)
}

extension Outcome where Key == String, Value == String {
    /// The records as `key=value@timestamp`, `-` for null.
    var lines: [String] { records.map { "\($0.key ?? "-")=\($0.value ?? "-")@\($0.timestampMs)" } }
}
