import MillraceConnect
import PostgresClient

/// The table that a sink writes, and the statements by which it does.
final class SinkTable {
    /// A column that is written.
    struct Column {
        /// The form of the values that a COPY takes.
        enum Form {
            /// The text of a text, and any other JSON as it is.
            case plain
            /// Any JSON as it is, of a text with its quotes.
            case json
            case bytes
            /// A JSON array becomes PostgreSQL's array of elements with a form.
            indirect case array(Form)
        }

        let name: String
        let form: Form
        let isKey: Bool
        /// The type with its modifiers, of a domain that of its base: the other values of a row that is deleted are null, which a domain
        /// may not take.
        let baseType: String
    }

    let columns: [Column]
    /// The places of the key's columns in the order of ``columns``.
    let keyIndexes: [Int]
    private let indexes: [String: Int]
    /// The columns' names as bytes.
    private let names: [[UInt8]]
    /// The name in quotes.
    let quotedName: String
    /// The staging table's name.
    private static let staging = "pg_temp.millrace_staging"
    /// The statements that make the staging table, as the table's columns are at present.
    let createStaging: String
    private let copyToStaging: String
    private let copyToTable: String?
    private let deleteRows: String
    private let upsertRows: String
    /// Whether the server checks some of the table's rows only at the end of a transaction.
    let hasDeferredChecks: Bool

    /// Reads the table's facts, having created it if that is asked for.
    ///
    /// - Throws: `ConnectorError` with a sentence for what is wrong.
    init(_ configuration: PostgresSinkConfiguration, _ connection: PostgresConnection) throws {
        let name = TableName(configuration.table)
        let quote = connection.quoted
        quotedName = quote(name.schema) + "." + quote(name.name)
        let user = configuration.server.user
        var facts = try TableFacts(name, connection)
        if facts == nil, !configuration.createsTable.isEmpty {
            try Self.create(quotedName, configuration, connection)
            facts = try TableFacts(name, connection)
        }
        guard let facts else {
            throw ConnectorError(
                .permanent,
                "There is no table \(name): correct its name, create it, or name the columns in createsTable.")
        }
        let isSecuredByRow = try Self.checkRights(facts, user, connection)
        let keys = configuration.keyColumns.isEmpty ? facts.keyColumns : configuration.keyColumns
        try Self.checkKey(keys, facts, configuration, connection)
        let columns = try Self.columns(keys, facts, configuration, connection)
        self.columns = columns
        hasDeferredChecks = try Self.hasDeferredChecks(facts, connection)
        keyIndexes = keys.compactMap { key in columns.firstIndex { $0.name == key } }
        self.names = columns.map { Array($0.name.utf8) }
        indexes = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1.name, $0) })

        let names = columns.map { quote($0.name) }
        let key = keys.map(quote).joined(separator: ", ")
        let list = names.joined(separator: ", ")
        let values = columns.map { "\(quote($0.name))::\($0.baseType) AS \(quote($0.name))" }.joined(separator: ", ")
        createStaging =
            "DROP TABLE IF EXISTS \(Self.staging); CREATE TEMP TABLE \(Self.staging) ON COMMIT DELETE ROWS AS SELECT \(values), false AS millrace_deleted, 0::int8 AS millrace_number FROM \(quotedName) WITH NO DATA"
        copyToStaging = "COPY \(Self.staging) (\(list), millrace_deleted, millrace_number) FROM STDIN"
        // PostgreSQL has no COPY into a table whose rows have policies.
        copyToTable = isSecuredByRow ? nil : "COPY \(quotedName) (\(list)) FROM STDIN"
        // The last record of a key counts.
        let last = "SELECT DISTINCT ON (\(key)) * FROM \(Self.staging) ORDER BY \(key), millrace_number DESC"
        let same = keys.map { "t.\(quote($0)) = s.\(quote($0))" }.joined(separator: " AND ")
        deleteRows = "DELETE FROM \(quotedName) t USING (\(last)) s WHERE s.millrace_deleted AND \(same)"
        let changes = columns.filter { !$0.isKey }.map { "\(quote($0.name)) = excluded.\(quote($0.name))" }
        upsertRows =
            "INSERT INTO \(quotedName) (\(list)) OVERRIDING SYSTEM VALUE SELECT \(list) FROM (\(last)) s WHERE NOT millrace_deleted ON CONFLICT (\(key)) DO "
            + (changes.isEmpty ? "NOTHING" : "UPDATE SET " + changes.joined(separator: ", "))
    }

    // MARK: Statements

    /// The statements that take the last rows back.
    static let takeBack = "ROLLBACK TO millrace_rows; RELEASE millrace_rows"

    /// The statements that copy rows into the table itself, which only goes well if all keys are new; `nil` if that is not allowed.
    var copyStatements: String? { copyToTable.map(Self.revocable) }

    /// Returns the statements that change the table by rows that are copied into the staging table.
    ///
    /// - Parameters:
    ///   - empties: whether the staging table may have earlier rows.
    ///   - deletes: whether there are rows to delete.
    ///   - upserts: whether there are rows to insert or change.
    func stagingStatements(empties: Bool, deletes: Bool, upserts: Bool) -> String {
        let statements = [
            empties ? "TRUNCATE \(Self.staging)" : nil, copyToStaging, deletes ? deleteRows : nil,
            upserts ? upsertRows : nil,
        ]
        return Self.revocable(statements.compactMap(\.self).joined(separator: "; "))
    }

    private static func revocable(_ statements: String) -> String {
        "SAVEPOINT millrace_rows; \(statements); RELEASE millrace_rows"
    }

    // MARK: Fields

    /// Returns the place of the column that a field belongs to; `nil` if there is none of that name.
    ///
    /// - Parameters:
    ///   - field: the field's name.
    ///   - guess: the place where it probably is: fields have the same order again and again.
    /// - Throws: `JSONObjectScanner.Problem`.
    func index(of field: JSONPiece, guess: Int) throws -> Int? {
        if !field.hasEscapes, names.indices.contains(guess),
            names[guess].withUnsafeBytes({ $0.count == field.inner.count && $0.elementsEqual(field.inner) })
        {
            return guess
        }
        return indexes[String(decoding: try field.unescaped(), as: UTF8.self)]
    }

    private static func create(
        _ name: String, _ configuration: PostgresSinkConfiguration, _ connection: PostgresConnection
    ) throws {
        let columns = configuration.createsTable.map { "\(connection.quoted($0.name)) \($0.type)" }
        let key = configuration.keyColumns.map(connection.quoted).joined(separator: ", ")
        do {
            try connection.run(
                "CREATE TABLE IF NOT EXISTS \(name) (\(columns.joined(separator: ", ")), PRIMARY KEY (\(key)))")
        } catch {
            if error.isRetriable { throw error }
            let hint = error.message.contains("type \"vector\"") ? " (CREATE EXTENSION vector makes vectors known)" : ""
            throw ConnectorError(
                .permanent, "The table \(configuration.table) cannot be created: \(error.message)\(hint).")
        }
    }

    /// Returns whether policies decide about the rows of the table.
    private static func checkRights(
        _ facts: TableFacts, _ user: String, _ connection: PostgresConnection
    ) throws -> Bool {
        let name = facts.name
        let found = try connection.run(
            """
            SELECT has_schema_privilege(relnamespace, 'USAGE'),
                has_table_privilege(oid, 'INSERT') AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')
                    AND has_table_privilege(oid, 'SELECT'),
                row_security_active(oid)
            FROM pg_class WHERE oid = $1
            """, [.text("\(facts.id)")])
        guard found.text(row: 0, column: 0) == "t" else {
            throw ConnectorError(
                .permanent,
                "The user \(user) may not use the schema \(name.schema): run GRANT USAGE ON SCHEMA \(connection.quoted(name.schema)) TO \(connection.quoted(user))."
            )
        }
        guard found.text(row: 0, column: 1) == "t" else {
            let table = connection.quoted(name.schema) + "." + connection.quoted(name.name)
            throw ConnectorError(
                .permanent,
                "The user \(user) may not write the table \(name): run GRANT SELECT, INSERT, UPDATE, DELETE ON \(table) TO \(connection.quoted(user))."
            )
        }
        return found.text(row: 0, column: 2) == "t"
    }

    /// Returns whether the table or a part of it has triggers that wait for the end of a transaction. Deferred constraints are such triggers, too.
    private static func hasDeferredChecks(
        _ facts: TableFacts, _ connection: PostgresConnection
    ) throws(PostgresError) -> Bool {
        let found = try connection.run(
            """
            WITH RECURSIVE part(id) AS (SELECT $1::oid UNION SELECT inhrelid FROM pg_inherits JOIN part ON inhparent = id)
            SELECT EXISTS (SELECT FROM pg_trigger JOIN part ON tgrelid = id WHERE tginitdeferred AND tgenabled <> 'D')
            """, [.text("\(facts.id)")])
        return found.text(row: 0, column: 0) == "t"
    }

    private static func checkKey(
        _ keys: [String], _ facts: TableFacts, _ configuration: PostgresSinkConfiguration,
        _ connection: PostgresConnection
    ) throws {
        let name = facts.name
        if keys.isEmpty {
            throw ConnectorError(
                .permanent,
                "The table \(name) has no primary key: add one, or name the columns of a unique index in keyColumns.")
        }
        if configuration.keyFormat == .text, keys.count > 1 {
            throw ConnectorError(
                .permanent, "A key as text has one column, and the key of \(name) has \(keys.joined(separator: ", ")).")
        }
        let unique = try connection.run(
            """
            SELECT i.indimmediate AND i.indisvalid FROM pg_index i WHERE i.indrelid = $1 AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
            AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C") FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(n, o)
                JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n WHERE k.o <= i.indnkeyatts)
                = (SELECT array_agg(k::text ORDER BY k::text COLLATE "C") FROM json_array_elements_text($2::json) k)
            ORDER BY 1 DESC
            """,
            [.text("\(facts.id)"), .text(jsonList(keys))])
        if unique.rowCount == 0 {
            throw ConnectorError(
                .permanent,
                "The table \(name) has no unique index of the columns \(keys.joined(separator: ", ")): create one, or name those of another in keyColumns."
            )
        }
        if unique.text(row: 0, column: 0) != "t" {
            throw ConnectorError(
                .permanent,
                "The unique index of the columns \(keys.joined(separator: ", ")) of the table \(name) is deferrable or not valid, so PostgreSQL does not find rows by it: create another one."
            )
        }
    }

    private static func jsonList(_ texts: [String]) -> String {
        var output: [UInt8] = [UInt8(ascii: "[")]
        for (index, text) in texts.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSONOutput.append(quoted: text, to: &output)
        }
        return String(decoding: output + [UInt8(ascii: "]")], as: UTF8.self)
    }

    private static func columns(
        _ keys: [String], _ facts: TableFacts, _ configuration: PostgresSinkConfiguration,
        _ connection: PostgresConnection
    ) throws -> [Column] {
        for name in configuration.columns + keys where !facts.columns.contains(where: { $0.name == name }) {
            throw ConnectorError(
                .permanent,
                "The table \(facts.name) has no column \(name): add it, or take it out of the configuration.")
        }
        let types = try TypeCatalog(connection)
        let own = try connection.run(
            """
            SELECT attname, attgenerated <> '', attidentity = 'a' FROM pg_attribute
            WHERE attrelid = $1 AND attnum > 0 AND (atthasdef OR attidentity <> '' OR attgenerated <> '')
            """, [.text("\(facts.id)")]
        ).texts
        for column in own {
            guard let name = column[0], configuration.columns.contains(name) || keys.contains(name) else { continue }
            // A new row may have a value of its own there, and a change of a row may not.
            if column[1] == "t" || column[2] == "t" && !keys.contains(name) {
                throw ConnectorError(
                    .permanent,
                    "The server itself computes the column \(name) of the table \(facts.name): take it out of the configuration, or make it a column that can be written."
                )
            }
        }
        let baseTypes = try baseTypes(of: facts.id, connection)
        return facts.columns.filter { column in
            keys.contains(column.name)
                || (configuration.columns.isEmpty
                    ? !own.contains { $0[0] == column.name } : configuration.columns.contains(column.name))
        }.map { column in
            Column(
                name: column.name, form: form(types.form(of: column.type), types.baseName(of: column.type)),
                isKey: keys.contains(column.name), baseType: baseTypes[column.name] ?? "text")
        }
    }

    /// Returns the types of the columns of a table with their modifiers, of domains those of their bases.
    private static func baseTypes(of id: UInt32, _ connection: PostgresConnection) throws -> [String: String] {
        let found = try connection.run(
            """
            WITH RECURSIVE c(name, type, modifier) AS (
                SELECT attname, atttypid, atttypmod FROM pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped
                UNION ALL SELECT c.name, t.typbasetype, t.typtypmod FROM c JOIN pg_type t ON t.oid = c.type WHERE t.typtype = 'd')
            SELECT c.name, format_type(c.type, c.modifier) FROM c JOIN pg_type t ON t.oid = c.type WHERE t.typtype <> 'd'
            """, [.text("\(id)")])
        return Dictionary(found.texts.map { ($0[0] ?? "", $0[1] ?? "") }, uniquingKeysWith: { first, _ in first })
    }

    private static func form(_ form: ValueForm?, _ type: String?) -> Column.Form {
        switch form {
        // Vectors have the text form of a JSON array, and may come as a text that has it.
        case .json? where type == "json" || type == "jsonb": .json
        case .bytes?: .bytes
        case .array(let element, _)?: .array(element == .json ? .json : element == .bytes ? .bytes : .plain)
        default: .plain
        }
    }
}
