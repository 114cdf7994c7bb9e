import Millrace
import PostgresClient

/// The making of JSON of a table's rows, with the columns that it has at a position.
struct TableShape: Sendable {
    /// A column.
    struct Column: Sendable {
        var name: String
        /// The name in quotes and a colon.
        let label: [UInt8]
        var form: ValueForm

        init(_ name: String, _ form: ValueForm) {
            self.name = name
            self.form = form
            var label: [UInt8] = []
            JSONOutput.append(quoted: name, to: &label)
            label.append(UInt8(ascii: ":"))
            self.label = label
        }
    }

    let table: TableName
    let topic: String
    let columns: [Column]
    /// The places of the key's columns, in ascending order.
    let keyIndexes: [Int]

    var keyNames: [String] { keyIndexes.map { columns[$0].name } }

    private static let null = Array("null".utf8)

    /// Returns the JSON object of a row's key.
    func key(_ row: Row) -> [UInt8] {
        var output: [UInt8] = []
        append(row, keyIndexes, to: &output)
        return output
    }

    /// Returns the JSON object of a row. Values that are not known are missing.
    func object(_ row: Row) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(32 * columns.count)
        append(row, columns.indices, to: &output)
        return output
    }

    /// Appends the JSON object of a row.
    func append(_ row: Row, to output: inout [UInt8]) { append(row, columns.indices, to: &output) }

    /// Appends the JSON object of a row's key.
    func append(keyOf row: Row, to output: inout [UInt8]) { append(row, keyIndexes, to: &output) }

    private func append(_ row: Row, _ indexes: some Sequence<Int>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "{"))
        var isFirst = true
        for index in indexes where index < row.values.count {
            if case .unchanged = row.values[index] { continue }
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            let column = columns[index]
            output += column.label
            switch row.values[index] {
            case .text(let text), .binary(let text):
                text.withUnsafeBytes { column.form.append($0, to: &output) }
            case .null, .unchanged: output += Self.null
            }
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Returns whether two rows have the same key.
    func haveSameKey(_ one: Row, _ other: Row) -> Bool {
        keyIndexes.allSatisfy { $0 < one.values.count && $0 < other.values.count && one.values[$0] == other.values[$0] }
    }
}
