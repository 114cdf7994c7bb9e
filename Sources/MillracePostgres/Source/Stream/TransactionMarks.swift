import Millrace
import MillraceConnect
import PostgresClient

/// The parts that all records of a transaction have in common.
struct TransactionMarks: Sendable {
    /// The operations of records, by Debezium's letters.
    enum Operation: String, Sendable, CaseIterable {
        case create = "c"
        case update = "u"
        case delete = "d"
        case read = "r"
        case truncate = "t"
    }

    /// The position of the transaction's commit.
    let commit: LogSequenceNumber
    let rules: ChangeRules
    let timestampMs: Int64
    private let id: UInt32?
    private let lsn: [UInt8]
    private let idText: [UInt8]?

    init(_ transaction: LogicalMessage.Transaction, _ rules: ChangeRules) {
        commit = transaction.commit
        timestampMs = transaction.time.unixMs
        self.rules = rules
        id = transaction.id
        lsn = Array("\(transaction.commit)".utf8)
        idText = Array("\(transaction.id)".utf8)
    }

    /// Makes the marks of rows that are read at the beginning.
    init(readAt position: LogSequenceNumber, timestampMs: Int64, _ rules: ChangeRules) {
        commit = position
        self.timestampMs = timestampMs
        self.rules = rules
        id = nil
        lsn = Array("\(position)".utf8)
        idText = nil
    }

    private static let letters = Dictionary(
        uniqueKeysWithValues: Operation.allCases.map { ($0, Array($0.rawValue.utf8)) })

    /// Returns the headers of a record.
    func headers(_ operation: Operation) -> Headers {
        var headers: Headers = [
            Header(name: "op", value: Self.letters[operation]), Header(name: "lsn", value: lsn),
        ]
        if let idText { headers.append(Header(name: "transaction", value: idText)) }
        return headers
    }

    /// Makes a record.
    func record(_ operation: Operation, topic: String, key: [UInt8], value: [UInt8]?) -> SourceRecord {
        SourceRecord(topic: topic, key: key, value: value, timestampMs: timestampMs, headers: headers(operation))
    }

    // MARK: Envelopes

    /// Returns the envelope of a change.
    ///
    /// - Parameters:
    ///   - operation: the operation.
    ///   - shape: the table.
    ///   - before: appends the row before; `nil` for none.
    ///   - after: appends the row after; `nil` for none.
    func envelope(
        _ operation: Operation, _ shape: TableShape, before: ((inout [UInt8]) -> Void)? = nil,
        after: ((inout [UInt8]) -> Void)? = nil
    ) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256 + 64 * shape.columns.count)
        func append(_ text: String) { output.append(contentsOf: text.utf8) }
        append("{\"before\":")
        if let before { before(&output) } else { append("null") }
        append(",\"after\":")
        if let after { after(&output) } else { append("null") }
        append(",\"op\":\"\(operation.rawValue)\",\"source\":{\"connector\":\"millrace\",\"db\":")
        JSONOutput.append(quoted: rules.database, to: &output)
        append(",\"schema\":")
        JSONOutput.append(quoted: shape.table.schema, to: &output)
        append(",\"table\":")
        JSONOutput.append(quoted: shape.table.name, to: &output)
        append(
            ",\"snapshot\":\(id == nil),\"ts_ms\":\(timestampMs),\"txId\":\(id.map { "\($0)" } ?? "null"),\"lsn\":\"")
        output += lsn
        append("\"}}")
        return output
    }

    /// Returns the record of a table's truncation; `nil` if it is left out.
    ///
    /// - Throws: `ConnectorError` if it is refused.
    func truncation(of shape: TableShape) throws(ConnectorError) -> SourceRecord? {
        if rules.format == .changes {
            return record(.truncate, topic: shape.topic, key: Array("{}".utf8), value: envelope(.truncate, shape))
        }
        if rules.onTruncate == .skip { return nil }
        throw ConnectorError(
            .permanent,
            "The table \(shape.table) was truncated at \(commit), and the keys of its rows are not known any more: set onTruncate to \"skip\" to leave the rows in the topic \(shape.topic), or delete in place of truncating and begin with another topic."
        )
    }

    // MARK: The topic of transactions

    /// The record of the transaction's beginning; `nil` without a topic of transactions.
    var begin: SourceRecord? { mark("BEGIN", eventCount: nil) }

    /// Returns the record of the transaction's end; `nil` without a topic of transactions.
    func end(eventCount: Int) -> SourceRecord? { mark("END", eventCount: eventCount) }

    private func mark(_ status: String, eventCount: Int?) -> SourceRecord? {
        guard let topic = rules.transactionsTopic, let id else { return nil }
        let count = eventCount.map { ",\"event_count\":\($0)" } ?? ""
        let value = "{\"status\":\"\(status)\",\"id\":\"\(id)\",\"lsn\":\"\(commit)\",\"ts_ms\":\(timestampMs)\(count)}"
        return SourceRecord(
            topic: topic, key: Array("{\"id\":\"\(id)\"}".utf8), value: Array(value.utf8), timestampMs: timestampMs)
    }
}
