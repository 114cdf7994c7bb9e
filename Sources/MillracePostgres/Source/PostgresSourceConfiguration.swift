/// The settings of a ``PostgresSource``.
public struct PostgresSourceConfiguration: Sendable, Hashable {
    /// The values that records of rows can have.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        /// The row as a JSON object; a deleted row is a tombstone.
        case rows
        /// An envelope with `before`, `after`, `op` and `source`, as Debezium names them; a tombstone follows a deletion.
        case changes
    }

    /// The origins of a large value that an update has left alone. PostgreSQL does not send it with the new row.
    public enum UnchangedValues: String, Sendable, Hashable, CaseIterable {
        /// The old row, which PostgreSQL sends under `REPLICA IDENTITY FULL`: exactly the value at that position. Tables with columns that
        /// can be large have to have that identity.
        case oldRow
        /// The table, at the time of reading. The value may be a later one, and the change that wrote it follows.
        case table
    }

    /// The consequences of changes that PostgreSQL does not have any more.
    public enum LostChanges: String, Sendable, Hashable, CaseIterable {
        /// The source fails with a sentence.
        case fail
        /// The source begins again with a snapshot. Rows that were deleted in the gap stay in the topic.
        case snapshot
    }

    /// The consequences of a TRUNCATE, with the format ``Format/rows``.
    public enum Truncates: String, Sendable, Hashable, CaseIterable {
        /// The source fails with a sentence: the rows' keys are not known, so no tombstones can be written.
        case fail
        /// The rows stay in the topic.
        case skip
    }

    /// The consequences of a column with a type that has no form of its own in JSON.
    public enum UnknownTypes: String, Sendable, Hashable, CaseIterable {
        /// The source fails with a sentence.
        case fail
        /// The values become texts, as PostgreSQL writes them.
        case text
    }

    /// The consequences of another key, by which the keys of later records differ from those in the topic.
    public enum KeyChanges: String, Sendable, Hashable, CaseIterable {
        /// The source fails with a sentence.
        case fail
        /// Later records have the new key; records with the old one stay in the topic.
        case follow
    }

    /// The server.
    public var server: PostgresServer
    /// The tables, as `schema.table` or, in the schema `public`, as `table`; upper and lower case as in the database.
    public var tables: [String]
    /// The name of the replication slot, of lower-case letters, digits and `_`. One source uses it.
    public var slot: String
    /// The publication's name; `millrace` by default.
    public var publication = "millrace"
    /// Whether a publication that is missing is created; `true` by default. One that exists is never changed.
    public var createsPublication = true
    /// Whether a slot that is missing is created; `true` by default.
    public var createsSlot = true
    /// The beginning of the topics' names, before `schema.table`; empty by default.
    public var topicPrefix = ""
    /// The format of values; ``Format/rows`` by default.
    public var format = Format.rows
    /// The origin of large values that an update has left alone; ``UnchangedValues/oldRow`` by default.
    public var unchangedValues = UnchangedValues.oldRow
    /// The consequence of lost changes; ``LostChanges/fail`` by default.
    public var onLostChanges = LostChanges.fail
    /// The consequence of a TRUNCATE with the format ``Format/rows``; ``Truncates/fail`` by default.
    public var onTruncate = Truncates.fail
    /// The consequence of a column with an unknown type; ``UnknownTypes/fail`` by default.
    public var unknownTypes = UnknownTypes.fail
    /// The consequence of another key; ``KeyChanges/fail`` by default.
    public var onKeyChange = KeyChanges.fail
    /// Whether the rows that are in the tables at the beginning are read; `true` by default.
    public var readsSnapshot = true
    /// The topic of the beginnings and ends of transactions; `nil`, the default, for none.
    public var transactionsTopic: String?
    /// The number of changes from which on a transaction is written in several pieces; 10,000 by default.
    public var splitCount = 10_000
    /// The size of records from which on a transaction is written in several pieces, in bytes; 8 MiB by default.
    public var splitSizeInBytes = 8 << 20

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - server: the server.
    ///   - tables: the tables, as `schema.table`.
    ///   - slot: the name of the replication slot; `millrace` by default.
    public init(server: PostgresServer, tables: [String], slot: String = "millrace") {
        self.server = server
        self.tables = tables
        self.slot = slot
    }

    /// Returns a sentence for each setting that cannot be right. The server is not asked.
    public func problems() -> [String] {
        var problems = server.problems()
        if tables.isEmpty { problems.append("There are no tables: name at least one.") }
        let names = tables.map(TableName.init)
        for (table, name) in zip(tables, names) where name.schema.isEmpty || name.name.isEmpty {
            problems.append("The table \"\(table)\" has no name: write schema.table.")
        }
        for name in Set(names) where names.count(where: { $0 == name }) > 1 {
            problems.append("The table \(name) is named twice.")
        }
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789_")
        if slot.isEmpty || slot.count > 63 || !slot.allSatisfy(letters.contains) {
            problems.append(
                "The slot \"\(slot)\" is no name of a slot: use up to 63 lower-case letters, digits and underscores.")
        }
        if publication.isEmpty || publication.utf8.count > 63 {
            problems.append("The publication's name needs 1 to 63 bytes.")
        }
        if splitCount <= 0 || splitSizeInBytes <= 0 {
            problems.append("The sizes from which on a transaction is split have to be positive.")
        }
        return problems
    }
}

/// The name of a table.
struct TableName: Hashable, Sendable, CustomStringConvertible {
    var schema: String
    var name: String

    init(schema: String, name: String) {
        self.schema = schema
        self.name = name
    }

    /// Reads `schema.table`, or `table` for `public.table`.
    init(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(schema: parts.count > 1 ? String(parts[0]) : "public", name: parts.last.map(String.init) ?? "")
    }

    var description: String { "\(schema).\(name)" }
}
