import PostgresClient

/// The catalogue's facts about a slot.
struct SlotFacts {
    /// The server's process that sends the slot's changes; `nil` for none.
    let activePID: Int?
    let confirmed: LogSequenceNumber
    /// Whether the log that the slot needs is gone.
    let isLost: Bool

    /// - Returns: `nil` if there is no such slot.
    /// - Throws: `PostgresError`.
    init?(_ name: String, _ connection: PostgresConnection) throws(PostgresError) {
        let found = try connection.run(
            "SELECT active_pid, confirmed_flush_lsn, wal_status FROM pg_replication_slots WHERE slot_name = $1",
            [.text(name)])
        guard found.rowCount > 0 else { return nil }
        activePID = found.text(row: 0, column: 0).flatMap { Int($0) }
        confirmed = found.text(row: 0, column: 1).flatMap { LogSequenceNumber($0) } ?? .init(rawValue: 0)
        isLost = found.text(row: 0, column: 2) == "lost"
    }
}

/// The identity of a server's data.
struct SystemFacts {
    let identity: String
    let timeline: UInt32
    /// The end of the log.
    let end: LogSequenceNumber

    /// - Parameter replication: a connection for replication.
    /// - Throws: `PostgresError`.
    init(_ replication: PostgresConnection) throws(PostgresError) {
        let found = try replication.run("IDENTIFY_SYSTEM")
        identity = found.text(row: 0, column: 0) ?? ""
        timeline = found.text(row: 0, column: 1).flatMap { UInt32($0) } ?? 0
        end = found.text(row: 0, column: 2).flatMap { LogSequenceNumber($0) } ?? .init(rawValue: 0)
    }

    /// Returns the position at which an earlier timeline ended; `nil` for the present one, and one that is not in the history.
    ///
    /// - Throws: `PostgresError`.
    func end(
        ofTimeline number: UInt32, _ replication: PostgresConnection
    ) throws(PostgresError) -> LogSequenceNumber? {
        guard number != timeline else { return nil }
        let history = try replication.run("TIMELINE_HISTORY \(timeline)").text(row: 0, column: 1) ?? ""
        return Self.end(ofTimeline: number, in: history)
    }

    /// Reads the end of a timeline from a file of their history, whose lines are `1<tab>0/3000158<tab>reason`. A timeline that the
    /// file does not name was never one of the server's: it has nothing in common with it.
    static func end(ofTimeline number: UInt32, in history: String) -> LogSequenceNumber {
        for line in history.split(whereSeparator: \.isNewline) {
            let fields = line.split(whereSeparator: \.isWhitespace)
            if fields.count >= 2, UInt32(fields[0]) == number, let end = LogSequenceNumber(fields[1]) { return end }
        }
        return LogSequenceNumber(rawValue: 0)
    }
}
