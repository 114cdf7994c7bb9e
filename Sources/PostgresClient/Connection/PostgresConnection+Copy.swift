import CPostgres

extension PostgresConnection {
    /// Sends rows to the server with `COPY … FROM STDIN`.
    ///
    /// - Parameters:
    ///   - statement: the COPY statement.
    ///   - body: sends the rows through its argument, in the statement's format, in pieces of any size. If it throws, the server discards
    ///     all rows.
    /// - Returns: the number of rows that the server took.
    /// - Throws: `PostgresError`; what `body` throws.
    package func copyIn(_ statement: String, _ body: (CopyInput) throws -> Void) throws -> Int {
        try startCopyIn(statement, body)
        return try finishCopyIn(statement).changedCount ?? 0
    }

    /// Sends statements, of which one is a `COPY … FROM STDIN`, and its rows. The server works on while the caller does something else;
    /// a call of ``finishCopyIn(_:)`` has to follow.
    ///
    /// - Parameters:
    ///   - statements: the statements. Those before the COPY return no rows.
    ///   - body: sends the rows through its argument, as in ``copyIn(_:_:)``.
    /// - Throws: `PostgresError`, also for a statement before the COPY; what `body` throws. Then there is nothing to finish.
    package func startCopyIn(_ statements: String, _ body: (CopyInput) throws -> Void) throws {
        let context = Self.shortened(statements)
        try begin(statements, PGRES_COPY_IN)
        let input = CopyInput(self, context)
        do { try body(input) } catch {
            if PQputCopyEnd(pointer, "the rows were taken back") == 1 { _ = try? lastResult(statements) }
            throw error
        }
        guard PQputCopyEnd(pointer, nil) == 1 else { throw connectionError(context) }
        try flush(context)
    }

    /// Waits for the answer to statements that ``startCopyIn(_:_:)`` has sent.
    ///
    /// - Returns: the answer to the last statement.
    /// - Throws: `PostgresError` of the first that fails; the server has run none of those after it.
    @discardableResult
    package func finishCopyIn(_ statements: String) throws(PostgresError) -> PostgresResult {
        try lastResult(statements)
    }

    /// Receives the rows of `COPY … TO STDOUT`.
    ///
    /// - Parameters:
    ///   - statement: the COPY statement.
    ///   - body: is called with each row, in the statement's format; the bytes are valid during the call. If it throws, the server is
    ///     asked to stop, and the other rows are dropped.
    /// - Throws: `PostgresError`; what `body` throws.
    package func copyOut(_ statement: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try begin(statement, PGRES_COPY_OUT)
        do {
            while let row = try nextCopyRow(statement) {
                defer { row.free() }
                try body(row)
            }
        } catch {
            cancel()
            while let row = try? nextCopyRow(statement) { row.free() }
            _ = try? lastResult(statement)
            throw error
        }
        _ = try lastResult(statement)
    }

    /// Begins a COPY of a direction. Statements before it return no rows.
    func begin(_ statements: String, _ direction: ExecStatusType) throws(PostgresError) {
        let context = Self.shortened(statements)
        try start(statements, PQsendQuery(pointer, statements))
        while let result = try nextResult(context) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case direction: return
            case PGRES_COMMAND_OK: continue
            case PGRES_FATAL_ERROR:
                let error = PostgresError(result, context: context, isConnectionLost: isLost)
                while let rest = try nextResult(context) { PQclear(rest) }
                throw error
            default:
                while let rest = try nextResult(context) { PQclear(rest) }
                throw PostgresError("", "the statement is not such a COPY", context: context, isConnectionLost: true)
            }
        }
        if isLost { throw connectionError(context) }
        throw PostgresError("", "the statement is not such a COPY", context: context, isConnectionLost: true)
    }

    /// Waits for a row. The caller frees it.
    private func nextCopyRow(_ statement: String) throws(PostgresError) -> UnsafeRawBufferPointer? {
        let deadline = Deadline(afterMs: limitMs)
        while true {
            switch try copyRow(Self.shortened(statement)) {
            case .row(let row): return row
            case .end: return nil
            case .none:
                guard wait(for: .reading, until: deadline) else { throw timedOut(Self.shortened(statement)) }
                if PQconsumeInput(pointer) == 0 { throw connectionError(Self.shortened(statement)) }
            }
        }
    }

    /// The state of a copy from the server.
    enum CopiedRow {
        case row(UnsafeRawBufferPointer)
        /// Nothing has come yet.
        case none
        case end
    }

    /// Returns the next row that has come. The caller frees it.
    func copyRow(_ context: String) throws(PostgresError) -> CopiedRow {
        var buffer: UnsafeMutablePointer<CChar>?
        let size = PQgetCopyData(pointer, &buffer, 1)
        switch size {
        case 1...: return .row(UnsafeRawBufferPointer(start: buffer, count: Int(size)))
        case 0: return .none
        case -1: return .end
        default: throw connectionError(context)
        }
    }
}

/// The way of rows to the server, during a `copyIn`.
package struct CopyInput {
    private let connection: PostgresConnection
    private let context: String

    init(_ connection: PostgresConnection, _ context: String) {
        self.connection = connection
        self.context = context
    }

    /// Sends bytes. Waits while the server is behind by more than some kilobytes.
    ///
    /// - Throws: `PostgresError` if the connection is lost.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(PostgresError) {
        var rest = bytes
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(64 * 1_024))
            let base = piece.baseAddress?.assumingMemoryBound(to: CChar.self)
            switch PQputCopyData(connection.pointer, base, Int32(clamping: piece.count)) {
            case 1: rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
            case 0: break
            default: throw connection.connectionError(context)
            }
            try connection.flush(context)
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Frees a row that libpq has allocated.
    func free() { PQfreemem(UnsafeMutableRawPointer(mutating: baseAddress)) }
}
