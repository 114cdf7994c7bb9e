/// The settings of a ``PostgresSink``.
public struct PostgresSinkConfiguration: Sendable, Hashable {
    /// The forms of records' keys.
    public enum KeyFormat: String, Sendable, Hashable, CaseIterable {
        /// A JSON object of the key's columns; for a key of one column also the JSON of its value.
        case json
        /// The text of the key's only column.
        case text
    }

    /// The consequences of a field for which the table has no column.
    public enum UnknownFields: String, Sendable, Hashable, CaseIterable {
        /// The record is refused.
        case refuse
        /// The field is left out.
        case ignore
    }

    /// A column of a table that the sink creates.
    public struct Column: Sendable, Hashable {
        /// The column's name, and that of the field.
        public var name: String
        /// PostgreSQL's type with constraints, such as `vector(1536)` or `int8 NOT NULL`. It becomes a part of a statement unchanged.
        public var type: String

        /// Makes a column.
        ///
        /// - Parameters:
        ///   - name: the column's name.
        ///   - type: PostgreSQL's type, with constraints if there are any.
        public init(_ name: String, _ type: String) {
            self.name = name
            self.type = type
        }
    }

    /// The server.
    public var server: PostgresServer
    /// The connector's name, under which the table of offsets has its rows. Another name begins anew.
    public var name: String
    /// The topics.
    public var topics: [String]
    /// The table, as `schema.table` or, in the schema `public`, as `table`.
    public var table: String
    /// The columns of the key; empty, the default, for those of the table's primary key.
    public var keyColumns: [String] = []
    /// The form of records' keys; ``KeyFormat/json`` by default.
    public var keyFormat = KeyFormat.json
    /// The columns that are written; empty, the default, for the key's and all without a default. A field that a record lacks is null.
    public var columns: [String] = []
    /// The consequence of a field without a column; ``UnknownFields/refuse`` by default.
    public var unknownFields = UnknownFields.refuse
    /// The columns with which the table is created if it is missing; empty, the default, if it has to be there. ``keyColumns`` become its
    /// primary key.
    public var createsTable: [Column] = []
    /// The table of offsets, which is created if it is missing; `millrace_offsets` by default.
    public var offsetsTable = "millrace_offsets"

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - server: the server.
    ///   - name: the connector's name.
    ///   - topics: the topics.
    ///   - table: the table, as `schema.table`.
    public init(server: PostgresServer, name: String, topics: [String], table: String) {
        self.server = server
        self.name = name
        self.topics = topics
        self.table = table
    }

    /// Returns a sentence for each setting that cannot be right. The server is not asked.
    public func problems() -> [String] {
        var problems = server.problems()
        if name.isEmpty { problems.append("The connector has no name, under which its offsets are kept.") }
        if topics.isEmpty { problems.append("There are no topics: name at least one.") }
        for (text, role) in [(table, "table"), (offsetsTable, "table of offsets")] {
            let name = TableName(text)
            if name.schema.isEmpty || name.name.isEmpty {
                problems.append("The \(role) \"\(text)\" has no name: write schema.table.")
            }
        }
        if !createsTable.isEmpty {
            if keyColumns.isEmpty {
                problems.append("A table that is created needs a key: name its columns in keyColumns.")
            }
            for key in keyColumns where !createsTable.contains(where: { $0.name == key }) {
                problems.append("The key's column \(key) is not among the columns of the table that is created.")
            }
        }
        if keyFormat == .text, keyColumns.count > 1 {
            problems.append("A key as text has one column, and keyColumns names \(keyColumns.count).")
        }
        return problems
    }
}
