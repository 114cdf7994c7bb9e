import MillraceConnect
import PostgresClient

/// The catalogue's facts about a table that is to be read.
struct TableFacts {
    /// A column.
    struct Column {
        var name: String
        var type: UInt32
        /// Whether values of the column can be large, so that updates leave them out.
        var isLarge: Bool
    }

    let id: UInt32
    let name: TableName
    /// PostgreSQL's `relkind`: `r` for a table, `p` for one of partitions.
    let kind: String
    /// PostgreSQL's `relreplident`: `d` for the primary key, `i` for an index, `f` for full, `n` for nothing.
    let identity: String
    let isReadable: Bool
    let columns: [Column]
    /// The key's columns in the order of the index.
    let keyColumns: [String]

    /// Reads the facts of a table.
    ///
    /// - Returns: `nil` if there is no such table.
    /// - Throws: `PostgresError`.
    init?(_ name: TableName, _ connection: PostgresConnection) throws(PostgresError) {
        let found = try connection.run(
            """
            SELECT c.oid, c.relkind, c.relreplident,
                has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'),
                c.reltoastrelid <> 0 OR c.relkind = 'p'
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = $2
            """, [.text(name.schema), .text(name.name)])
        guard found.rowCount > 0, let id = found.text(row: 0, column: 0).flatMap({ UInt32($0) }) else { return nil }
        self.name = name
        self.id = id
        kind = found.text(row: 0, column: 1) ?? ""
        identity = found.text(row: 0, column: 2) ?? ""
        isReadable = found.text(row: 0, column: 3) == "t"
        let canBeLarge = found.text(row: 0, column: 4) == "t"
        columns = try connection.run(
            """
            SELECT attname, atttypid, attlen = -1 AND attstorage <> 'p' FROM pg_attribute
            WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum
            """, [.text("\(id)")]
        ).texts.map { row in
            Column(name: row[0] ?? "", type: row[1].flatMap { UInt32($0) } ?? 0, isLarge: canBeLarge && row[2] == "t")
        }
        keyColumns = try Self.keyColumns(of: id, byIdentity: identity == "i", connection)
    }

    /// Returns the columns of a table's primary key, or of the index that is its replica identity, in the index' order.
    ///
    /// - Throws: `PostgresError`.
    static func keyColumns(
        of id: UInt32, byIdentity: Bool, _ connection: PostgresConnection
    ) throws(PostgresError) -> [String] {
        try connection.run(
            """
            SELECT a.attname FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, n), pg_attribute a
            WHERE i.indrelid = $1 AND \(byIdentity ? "i.indisreplident" : "i.indisprimary")
                AND k.n <= i.indnkeyatts AND a.attrelid = i.indrelid AND a.attnum = k.attnum
            ORDER BY k.n
            """, [.text("\(id)")]
        ).texts.compactMap { $0.first ?? nil }
    }
}
