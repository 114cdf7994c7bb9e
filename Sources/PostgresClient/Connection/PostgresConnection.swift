import CPostgres

/// One connection to a PostgreSQL server.
///
/// Calls block until the server has answered, at most for the connection's time limit; a connection whose limit passed is lost. It
/// belongs to one thread at a time.
package final class PostgresConnection {
    let pointer: OpaquePointer
    /// The server's address, for messages.
    package let address: String
    let limitMs: Int

    /// Connects.
    ///
    /// - Parameters:
    ///   - settings: libpq's settings.
    ///   - limitMs: the time limit for connecting and for each call, in milliseconds.
    /// - Throws: `PostgresError`, whose words name the host, for a server that does not answer, a wrong password or database.
    package init(_ settings: PostgresSettings, limitMs: Int = 30_000) throws(PostgresError) {
        let entries = settings.entries
        let names = CStrings(entries.map(\.name))
        let values = CStrings(entries.map(\.value))
        guard let pointer = PQconnectStartParams(names.pointers, values.pointers, 0) else {
            throw PostgresError("", "there is no memory for a connection", context: "connect")
        }
        self.pointer = pointer
        self.limitMs = limitMs
        let (host, port) = (settings["host"] ?? "", settings["port"] ?? "")
        address = host.isEmpty ? "the default host" : port.isEmpty ? host : "\(host):\(port)"
        try connect()
        PQsetNoticeReceiver(pointer, { _, _ in }, nil)
        if PQsetnonblocking(pointer, 1) != 0 { throw connectionError("connect to \(address)") }
    }

    deinit { PQfinish(pointer) }

    private func connect() throws(PostgresError) {
        let context = "connect to \(address)"
        let deadline = Deadline(afterMs: limitMs)
        var direction = PGRES_POLLING_WRITING
        while PQstatus(pointer) != CONNECTION_BAD {
            switch direction {
            case PGRES_POLLING_OK: return
            case PGRES_POLLING_FAILED: throw connectionError(context)
            default:
                guard wait(for: direction == PGRES_POLLING_READING ? .reading : .writing, until: deadline) else {
                    throw PostgresError(
                        "", "the server did not answer within \(limitMs) ms", context: context, isConnectionLost: true)
                }
                direction = PQconnectPoll(pointer)
            }
        }
        throw connectionError(context)
    }

    /// The version of the server, such as 150018 for 15.18.
    package var serverVersion: Int { Int(PQserverVersion(pointer)) }

    /// Whether the connection is lost.
    package var isLost: Bool { PQstatus(pointer) == CONNECTION_BAD }

    /// Whether a transaction is open, failed or not.
    package var isInTransaction: Bool {
        [PQTRANS_INTRANS, PQTRANS_INERROR, PQTRANS_ACTIVE].contains(PQtransactionStatus(pointer))
    }

    /// Quotes a name for a statement.
    package func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }

    /// Quotes a text for a statement. Parameters are better, where they are possible.
    package func literal(_ text: String) -> String {
        let quoted = "'" + text.replacing("'", with: "''").replacing("\\", with: "\\\\") + "'"
        return text.contains("\\") ? "E" + quoted : quoted
    }

    // MARK: Statements

    /// Runs statements without parameters, one after the other, and returns the answer to the last.
    ///
    /// - Throws: `PostgresError` of the first that fails.
    @discardableResult
    package func run(_ statements: String) throws(PostgresError) -> PostgresResult {
        try start(statements, PQsendQuery(pointer, statements))
        return try lastResult(statements)
    }

    /// Runs one statement with parameters.
    ///
    /// - Parameter isBinary: whether values come in their types' binary form; as text by default.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func run(
        _ statement: String, _ parameters: [PostgresParameter], isBinary: Bool = false
    ) throws(PostgresError) -> PostgresResult {
        let status = parameters.withPointers { values, lengths, formats in
            PQsendQueryParams(
                pointer, statement, Int32(clamping: parameters.count), nil, values, lengths, formats, isBinary ? 1 : 0)
        }
        try start(statement, status)
        return try lastResult(statement)
    }

    /// Prepares a statement under a name.
    ///
    /// - Throws: `PostgresError`.
    package func prepare(_ name: String, _ statement: String) throws(PostgresError) {
        try start(statement, PQsendPrepare(pointer, name, statement, 0, nil))
        _ = try lastResult(statement)
    }

    /// Runs a prepared statement.
    ///
    /// - Parameter isBinary: whether values come in their types' binary form; as text by default.
    /// - Throws: `PostgresError`.
    @discardableResult
    package func run(
        prepared name: String, _ parameters: [PostgresParameter], isBinary: Bool = false
    ) throws(PostgresError) -> PostgresResult {
        let status = parameters.withPointers { values, lengths, formats in
            PQsendQueryPrepared(
                pointer, name, Int32(clamping: parameters.count), values, lengths, formats, isBinary ? 1 : 0)
        }
        try start(name, status)
        return try lastResult(name)
    }

    /// Asks the server to stop what it does for this connection.
    package func cancel() {
        guard let cancel = PQgetCancel(pointer) else { return }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            _ = PQcancel(cancel, buffer.baseAddress, 256)
        }
        PQfreeCancel(cancel)
    }

    // MARK: Answers

    func start(_ statement: String, _ status: Int32) throws(PostgresError) {
        if status != 1 { throw connectionError(Self.shortened(statement)) }
        try flush(Self.shortened(statement))
    }

    /// Sends what libpq holds back.
    func flush(_ context: String) throws(PostgresError) {
        let deadline = Deadline(afterMs: limitMs)
        while true {
            switch PQflush(pointer) {
            case 0: return
            case 1:
                // The server may wait for us to read before it reads itself.
                guard wait(for: [.reading, .writing], until: deadline) else { throw timedOut(context) }
                if PQconsumeInput(pointer) == 0 { throw connectionError(context) }
            default: throw connectionError(context)
            }
        }
    }

    /// Returns the next result; `nil` if the statement has no more.
    func nextResult(_ context: String) throws(PostgresError) -> OpaquePointer? {
        let deadline = Deadline(afterMs: limitMs)
        while PQisBusy(pointer) == 1 {
            guard wait(for: .reading, until: deadline) else { throw timedOut(context) }
            if PQconsumeInput(pointer) == 0 { throw connectionError(context) }
        }
        return PQgetResult(pointer)
    }

    /// Returns the last result of a statement, having read all.
    func lastResult(_ statement: String) throws(PostgresError) -> PostgresResult {
        let context = Self.shortened(statement)
        var last: PostgresResult?
        var failure: PostgresError?
        while let result = try nextResult(context) {
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = PostgresResult(result)
            case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
                // The statement goes on as a copy, which the caller did not ask for.
                PQclear(result)
                throw PostgresError("", "the statement is a COPY", context: context, isConnectionLost: true)
            default:
                failure = failure ?? PostgresError(result, context: context, isConnectionLost: isLost)
                PQclear(result)
            }
        }
        if let failure { throw failure }
        guard let last else { throw connectionError(context) }
        return last
    }

    func connectionError(_ context: String) -> PostgresError {
        let message = PQerrorMessage(pointer).map { String(cString: $0).trimmed } ?? ""
        return PostgresError(
            "", message.isEmpty ? "the connection was lost" : message, context: context, isConnectionLost: isLost)
    }

    func timedOut(_ context: String) -> PostgresError {
        cancel()
        return PostgresError(
            "", "the server at \(address) did not answer within \(limitMs) ms", context: context,
            isConnectionLost: true)
    }

    static func shortened(_ statement: String) -> String {
        statement.count > 80 ? statement.prefix(79) + "…" : statement
    }
}
