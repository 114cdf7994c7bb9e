import MillraceConnect
import PostgresClient

/// The opening of a slot: the comparison of what the server has with the stored position.
struct SlotOpening {
    private let configuration: PostgresSourceConfiguration
    private let catalog: TableCatalog
    private let replication: PostgresConnection
    private let tables: [CheckedTable]
    private let system: SystemFacts

    private var connection: PostgresConnection { catalog.connection }

    /// Connects and checks.
    ///
    /// - Throws: `ConnectorError` with a sentence for each problem.
    init(_ configuration: PostgresSourceConfiguration) throws(ConnectorError) {
        self.configuration = configuration
        let connection = try configuration.server.connect()
        try configuration.server.requirePrimary(connection)
        catalog = try TableCatalog(connection, configuration)
        let check = try SourceCheck(configuration, catalog)
        if !check.problems.isEmpty {
            throw ConnectorError(.permanent, check.problems.joined(separator: " "))
        }
        tables = check.tables
        replication = try configuration.server.connect(for: .replication)
        do { system = try SystemFacts(replication) } catch { throw ConnectorError(error) }
    }

    /// Opens the slot.
    ///
    /// - Parameter stored: the stored position; `nil` to begin.
    /// - Throws: `ConnectorError`.
    func open(from stored: SlotPosition?) throws(ConnectorError) -> PostgresSourceReader {
        do {
            try makePublication()
            let slot = try SlotFacts(configuration.slot, connection)
            if let pid = slot?.activePID {
                throw ConnectorError(
                    .temporary,
                    "The slot \(configuration.slot) is in use by the server's process \(pid): if no other source reads it, it is free once the server has noticed the end of the last one; otherwise name another slot."
                )
            }
            var position: SlotPosition
            var snapshot: String?
            let loss = try loss(stored, slot)
            if let loss {
                guard configuration.onLostChanges == .snapshot else {
                    throw ConnectorError(
                        .permanent,
                        loss + " To read all rows again and go on from there, set onLostChanges to \"snapshot\".")
                }
                (position, snapshot) = try begin(slot)
            } else if let stored {
                position = stored
                position.timeline = system.timeline
            } else {
                (position, snapshot) = try begin(slot)
            }
            return try PostgresSourceReader(
                configuration, catalog, replication, tables, from: position, snapshot: snapshot, after: loss)
        } catch { throw ConnectorError.of(error) }
    }

    private func makePublication() throws {
        guard try PublicationFacts(configuration.publication, connection) == nil else { return }
        let tables = tables.map {
            connection.quoted($0.shape.table.schema) + "." + connection.quoted($0.shape.table.name)
        }
        let name = connection.quoted(configuration.publication)
        do {
            try connection.run(
                "CREATE PUBLICATION \(name) FOR TABLE \(tables.joined(separator: ", ")) WITH (publish_via_partition_root = true)"
            )
        } catch {
            // Another process may have been quicker.
            if error.code == "42710" { return }
            guard error.code == "42501" else { throw error }
            throw ConnectorError(
                .permanent,
                "The user \(configuration.server.user) may not create the publication \(configuration.publication) (\(error.message)): run CREATE PUBLICATION \(configuration.publication) FOR TABLE \(tables.joined(separator: ", ")) as the tables' owner."
            )
        }
    }

    // MARK: The beginning

    /// Returns the position at which a new reading begins, and the name of the moment at which a new slot begins.
    private func begin(_ slot: SlotFacts?) throws -> (SlotPosition, snapshot: String?) {
        var time = try connection.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8").text(
            row: 0, column: 0)
        time = time ?? "0"
        var position = SlotPosition(
            system: system.identity, timeline: system.timeline, lsn: .init(rawValue: 0),
            timeMs: time.flatMap { Int64($0) } ?? 0)
        if !configuration.readsSnapshot {
            for table in tables { position.tables[table.id] = SlotPosition.hash(ofKey: table.shape.keyNames) }
        }
        if let slot, !slot.isLost {
            // The changes that it has not confirmed follow the rows, some of which then come twice.
            position.lsn = slot.confirmed
            return (position, nil)
        }
        if slot != nil { try connection.run("SELECT pg_drop_replication_slot($1)", [.text(configuration.slot)]) }
        let made = try makeSlot()
        position.lsn = made.position
        return (position, made.snapshot)
    }

    private func makeSlot() throws -> (position: LogSequenceNumber, snapshot: String?) {
        let result: PostgresResult
        do {
            result = try replication.run(
                "CREATE_REPLICATION_SLOT \(replication.quoted(configuration.slot)) LOGICAL pgoutput EXPORT_SNAPSHOT")
        } catch {
            if error.message.contains("all replication slots are in use") {
                throw ConnectorError(
                    .permanent,
                    "All of the server's replication slots are in use: drop one that nobody needs (see pg_replication_slots), or raise max_replication_slots in postgresql.conf and restart the server."
                )
            }
            if error.code == "42501" { throw PostgresServer.noReplicationRight(configuration.server.user) }
            throw error
        }
        guard let text = result.text(row: 0, column: 1), let position = LogSequenceNumber(text) else {
            throw ConnectorError(
                .permanent, "PostgreSQL made the slot \(configuration.slot) and did not say where it begins.")
        }
        return (position, result.text(row: 0, column: 2))
    }

    // MARK: Losses

    /// Returns the reason why the changes after a stored position cannot all be had any more; `nil` if they can.
    private func loss(_ stored: SlotPosition?, _ slot: SlotFacts?) throws -> String? {
        guard let stored else { return nil }
        let name = configuration.slot
        if stored.system != system.identity {
            return
                "The server at \(connection.address) is another one than before (system identifier \(system.identity) in place of \(stored.system)), so the position \(stored.lsn) means nothing there."
        }
        if let end = try system.end(ofTimeline: stored.timeline, replication), stored.lsn > end {
            return
                "The server was replaced by a failover at \(end), and the topic has changes up to \(stored.lsn), which the new server never had."
        }
        guard let slot else {
            return
                "The slot \(name) is missing: it was dropped, or a failover went to a server without it. Changes after \(stored.lsn) are lost."
        }
        if slot.isLost {
            return
                "The slot \(name) is lost (wal_status = lost), because the server had to keep more log for it than max_slot_wal_keep_size allows. Changes after \(stored.lsn) are lost."
        }
        if slot.confirmed > stored.lsn {
            return
                "The slot \(name) was confirmed up to \(slot.confirmed) by somebody else, and the topic has changes up to \(stored.lsn) only. The changes between are lost."
        }
        if stored.lsn > system.end {
            return
                "The server's log ends at \(system.end), before the position \(stored.lsn) up to which the topic has changes: the server was set back to an earlier state."
        }
        return nil
    }
}
