import CPostgres

/// The answer to a statement: rows, or the number of rows that it changed.
///
/// It keeps libpq's memory; values are read in place.
// @unchecked: a result never changes.
package final class PostgresResult: @unchecked Sendable {
    private let pointer: OpaquePointer

    /// Takes a result of libpq over.
    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    /// The number of rows.
    package var rowCount: Int { Int(PQntuples(pointer)) }

    /// The number of columns.
    package var columnCount: Int { Int(PQnfields(pointer)) }

    /// The number of rows that the statement changed; `nil` for one that changes none.
    package var changedCount: Int? { Int(String(cString: PQcmdTuples(pointer))) }

    /// The names of the columns.
    package var columnNames: [String] {
        (0..<columnCount).map { PQfname(pointer, Int32($0)).map { String(cString: $0) } ?? "" }
    }

    /// Returns the object id of a column's type; 0 for a column that does not exist.
    package func type(ofColumn column: Int) -> UInt32 {
        (0..<columnCount).contains(column) ? PQftype(pointer, Int32(column)) : 0
    }

    /// Calls a closure with the bytes of a value, in the format that was asked for. They are valid during the call.
    ///
    /// - Returns: the closure's result; `nil` if the value is null, or there is no such row or column.
    package func withBytes<Result>(
        row: Int, column: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        guard (0..<rowCount).contains(row), (0..<columnCount).contains(column),
            PQgetisnull(pointer, Int32(row), Int32(column)) == 0
        else { return nil }
        let size = Int(PQgetlength(pointer, Int32(row), Int32(column)))
        return try body(UnsafeRawBufferPointer(start: PQgetvalue(pointer, Int32(row), Int32(column)), count: size))
    }

    /// Returns a value as text; `nil` if it is null, or there is no such row or column. Bytes that are not UTF-8 are replaced.
    package func text(row: Int, column: Int) -> String? {
        withBytes(row: row, column: column) { String(decoding: $0, as: UTF8.self) }
    }

    /// Returns the rows as texts.
    package var texts: [[String?]] {
        (0..<rowCount).map { row in (0..<columnCount).map { text(row: row, column: $0) } }
    }
}

extension PostgresError {
    /// Makes an error of a failed result.
    init(_ result: OpaquePointer, context: String, isConnectionLost: Bool) {
        func field(_ code: Int32) -> String? {
            PQresultErrorField(result, code).map { String(cString: $0) }
        }
        // The letters by which libpq names the fields of an error.
        let (state, primary, detail, hint, function) = (Int32(67), Int32(77), Int32(68), Int32(72), Int32(82))
        self.init(
            field(state) ?? "", field(primary) ?? String(cString: PQresultErrorMessage(result)).trimmed,
            details: [field(detail), field(hint)].compactMap(\.self), origin: field(function) ?? "", context: context,
            isConnectionLost: isConnectionLost)
    }
}

extension String {
    /// Without line breaks and spaces at the end.
    var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
