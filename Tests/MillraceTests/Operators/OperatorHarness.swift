import Millrace
import MillraceTesting

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
    let driver = try TopologyTestDriver(builder.build())
    let input = driver.inputTopic("in", key: .string, value: .string)
    for record in records {
        try input.pipe(
            key: record.key, value: record.value, timestampMs: record.timestampMs, headers: record.headers)
    }
    let output = try driver.outputTopic("out", key: key, value: value).readRecords()
    return Outcome(records: output, dropped: driver.droppedRecords)
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
    let driver = try TopologyTestDriver(builder.build())
    let input = driver.inputTopic("in", key: .string, value: .string)
    for record in records { try input.pipe(key: record.key, value: record.value, timestampMs: record.timestampMs) }
    let output = try driver.outputTopic("out", key: key, value: value).readRecords()
    return Outcome(records: output, dropped: driver.droppedRecords)
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
    let driver = try TopologyTestDriver(builder.build())
    for (side, record) in records {
        try driver.inputTopic(side.rawValue, key: .string, value: .string)
            .pipe(key: record.key, value: record.value, timestampMs: record.timestampMs, headers: record.headers)
    }
    let output = try driver.outputTopic("out", key: .string, value: .string).readRecords()
    return Outcome(records: output, dropped: driver.droppedRecords)
}

/// A text record in one line.
func text(_ key: String?, _ value: String?, _ timestampMs: Int64) -> Text {
    Record(key: key, value: value, timestampMs: timestampMs)
}

extension Outcome where Key == String, Value == String {
    /// The records as `key=value@timestamp`, `-` for null.
    var lines: [String] { records.map { "\($0.key ?? "-")=\($0.value ?? "-")@\($0.timestampMs)" } }
}
