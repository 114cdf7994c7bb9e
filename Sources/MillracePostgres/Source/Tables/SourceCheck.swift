import MillraceConnect
import PostgresClient

/// The checks of a database before its tables are read. Each problem is a sentence that says what to do.
struct SourceCheck {
    private let configuration: PostgresSourceConfiguration
    private let connection: PostgresConnection
    private(set) var problems: [String] = []
    private(set) var tables: [CheckedTable] = []

    /// - Throws: `ConnectorError` if the server cannot be asked.
    init(_ configuration: PostgresSourceConfiguration, _ catalog: TableCatalog) throws(ConnectorError) {
        self.configuration = configuration
        connection = catalog.connection
        do {
            try checkServer()
            let publication = try PublicationFacts(configuration.publication, connection)
            checkPublication(publication)
            for name in configuration.tables.map(TableName.init) {
                if let table = try check(name, catalog, publication) { tables.append(table) }
            }
            try checkSlot()
        } catch { throw ConnectorError(error) }
    }

    private var user: String { configuration.server.user }

    private mutating func checkServer() throws(PostgresError) {
        let facts = try connection.run(
            "SELECT current_setting('wal_level'), current_setting('server_encoding'), current_setting('server_version')"
        )
        if connection.serverVersion < 150_000 {
            problems.append(
                "The server is PostgreSQL \(facts.text(row: 0, column: 2) ?? ""): the source needs 15 or a later one.")
        }
        if facts.text(row: 0, column: 0) != "logical" {
            problems.append(
                "The server's wal_level is \(facts.text(row: 0, column: 0) ?? "unknown"): set wal_level = logical in postgresql.conf and restart the server."
            )
        }
        if facts.text(row: 0, column: 1) == "SQL_ASCII" {
            problems.append(
                "The database \(configuration.server.database) has the encoding SQL_ASCII, whose texts may be anything: move it into a database with the encoding UTF8."
            )
        }
    }

    private mutating func checkSlot() throws(PostgresError) {
        let found = try connection.run(
            "SELECT plugin, database FROM pg_replication_slots WHERE slot_name = $1", [.text(configuration.slot)])
        if found.rowCount == 0, !configuration.createsSlot {
            problems.append(
                "There is no slot \(configuration.slot): run SELECT pg_create_logical_replication_slot('\(configuration.slot)', 'pgoutput'), or set createsSlot to true."
            )
        }
        guard found.rowCount > 0 else { return }
        if found.text(row: 0, column: 0) != "pgoutput" {
            problems.append(
                "The slot \(configuration.slot) has the plugin \(found.text(row: 0, column: 0) ?? "none of logical replication"): name another slot."
            )
        } else if found.text(row: 0, column: 1) != configuration.server.database {
            problems.append(
                "The slot \(configuration.slot) belongs to the database \(found.text(row: 0, column: 1) ?? ""): name another slot."
            )
        }
    }

    private mutating func checkPublication(_ publication: PublicationFacts?) {
        let name = configuration.publication
        guard let publication else {
            if !configuration.createsPublication {
                problems.append(
                    "There is no publication \(name): run CREATE PUBLICATION \(name) FOR TABLE \(configuration.tables.joined(separator: ", ")), or set createsPublication to true."
                )
            }
            return
        }
        if !publication.hasAllChanges {
            problems.append(
                "The publication \(name) leaves out inserts, updates or deletes: run ALTER PUBLICATION \(name) SET (publish = 'insert, update, delete, truncate')."
            )
        }
    }

    private mutating func check(
        _ name: TableName, _ catalog: TableCatalog, _ publication: PublicationFacts?
    ) throws(PostgresError) -> CheckedTable? {
        guard let facts = try TableFacts(name, connection) else {
            problems.append("There is no table \(name): correct its name or create it.")
            return nil
        }
        guard facts.kind == "r" || facts.kind == "p" else {
            problems.append("\(name) is no table: views and foreign tables have no changes to read.")
            return nil
        }
        if !facts.isReadable {
            problems.append(
                "The user \(user) may not read the table \(name): run GRANT SELECT ON \(name) TO \(user), and GRANT USAGE on its schema."
            )
        }
        guard checkKey(facts) else { return nil }
        if let publication, publication.tables[name] == nil {
            problems.append(
                facts.kind == "p" && !publication.isViaRoot
                    ? "The publication \(configuration.publication) has the partitions of \(name) one by one: run ALTER PUBLICATION \(configuration.publication) SET (publish_via_partition_root = true)."
                    : "The publication \(configuration.publication) lacks the table \(name): run ALTER PUBLICATION \(configuration.publication) ADD TABLE \(name)."
            )
        }
        let published = publication?.tables[name]
        let columns = facts.columns.filter { published?.columns.contains($0.name) ?? true }
        checkLargeValues(facts, columns)
        return makeTable(facts, columns, catalog, condition: published?.condition)
    }

    private mutating func checkKey(_ facts: TableFacts) -> Bool {
        if facts.identity == "n" {
            problems.append(
                "The table \(facts.name) has no replica identity: run ALTER TABLE \(facts.name) REPLICA IDENTITY FULL, or DEFAULT."
            )
        } else if facts.keyColumns.isEmpty {
            problems.append(
                "The table \(facts.name) has no primary key, so its records would have no key: add a primary key, or a unique index as its replica identity."
            )
        } else {
            return true
        }
        return false
    }

    private mutating func checkLargeValues(_ facts: TableFacts, _ columns: [TableFacts.Column]) {
        let large = columns.filter { $0.isLarge && !facts.keyColumns.contains($0.name) }.map(\.name)
        guard configuration.unchangedValues == .oldRow, facts.identity != "f", !large.isEmpty else { return }
        problems.append(
            "Updates of the table \(facts.name) leave large values out that they do not change (\(large.joined(separator: ", "))): run ALTER TABLE \(facts.name) REPLICA IDENTITY FULL, or set unchangedValues to \"table\" to read them from the table."
        )
    }

    private mutating func makeTable(
        _ facts: TableFacts, _ columns: [TableFacts.Column], _ catalog: TableCatalog, condition: String?
    ) -> CheckedTable? {
        var made: [TableShape.Column] = []
        for column in columns {
            do throws(ConnectorError) {
                made.append(try catalog.column(column.name, column.type, of: facts.name))
            } catch {
                problems.append(error.message)
            }
        }
        guard made.count == columns.count else { return nil }
        let indexes = made.indices.filter { facts.keyColumns.contains(made[$0].name) }
        guard indexes.count == facts.keyColumns.count else {
            problems.append(
                "The publication \(configuration.publication) leaves out columns of the key of \(facts.name): add them to its list of columns."
            )
            return nil
        }
        return CheckedTable(
            id: facts.id, shape: catalog.makeShape(facts.name, made, keyIndexes: indexes), order: facts.keyColumns,
            condition: condition)
    }
}

/// A table that can be read.
struct CheckedTable {
    let id: UInt32
    let shape: TableShape
    /// The key's columns in the order of their index.
    let order: [String]
    /// The condition under which the publication has a row; `nil` for all rows.
    let condition: String?
}
