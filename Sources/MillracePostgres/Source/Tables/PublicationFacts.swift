import PostgresClient

/// The catalogue's facts about a publication.
struct PublicationFacts {
    /// A table of the publication.
    struct Table {
        var columns: Set<String>
        /// The condition under which a row is published; `nil` for all rows.
        var condition: String?
    }

    /// Whether inserts, updates and deletes are published.
    let hasAllChanges: Bool
    /// Whether changes of partitions are published as those of their table.
    let isViaRoot: Bool
    private(set) var tables: [TableName: Table] = [:]

    /// Reads the facts.
    ///
    /// - Returns: `nil` if there is no such publication.
    /// - Throws: `PostgresError`.
    init?(_ name: String, _ connection: PostgresConnection) throws(PostgresError) {
        let found = try connection.run(
            "SELECT pubinsert AND pubupdate AND pubdelete, pubviaroot FROM pg_publication WHERE pubname = $1",
            [.text(name)])
        guard found.rowCount > 0 else { return nil }
        hasAllChanges = found.text(row: 0, column: 0) == "t"
        isViaRoot = found.text(row: 0, column: 1) == "t"
        // Older servers know neither lists of columns nor conditions.
        guard connection.serverVersion >= 150_000 else { return }
        let rows = try connection.run(
            """
            SELECT schemaname, tablename, a, rowfilter FROM pg_publication_tables, unnest(attnames) a WHERE pubname = $1
            """, [.text(name)])
        for row in rows.texts {
            let table = TableName(schema: row[0] ?? "", name: row[1] ?? "")
            tables[table, default: Table(columns: [])].columns.insert(row[2] ?? "")
            tables[table]?.condition = row[3]
        }
    }
}
