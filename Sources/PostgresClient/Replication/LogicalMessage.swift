/// A message of PostgreSQL's output plugin `pgoutput`, protocol version 1.
///
/// The format: PostgreSQL's documentation, "Logical Replication Message Formats".
package enum LogicalMessage: Sendable, Hashable {
    /// A transaction begins, which is committed at a position of the log.
    case begin(Transaction)
    /// The transaction has ended; the stream goes on after `end`.
    case commit(position: LogSequenceNumber, end: LogSequenceNumber, Timestamp)
    /// A table, as the following rows have it. It comes before a table's first row, and again when the table has changed.
    case relation(Relation)
    /// The name of a type that is not PostgreSQL's own.
    case type(UInt32, schema: String, name: String)
    case insert(relation: UInt32, Row)
    case update(relation: UInt32, old: OldRow?, Row)
    case delete(relation: UInt32, OldRow)
    case truncate(relations: [UInt32], cascades: Bool, restartsIdentity: Bool)
    /// Text or bytes that a program wrote into the log with `pg_logical_emit_message`.
    case message(prefix: String, [UInt8], isTransactional: Bool, LogSequenceNumber)
    /// The transaction came from another server.
    case origin(String)

    /// The beginning of a transaction.
    package struct Transaction: Sendable, Hashable {
        /// The position of the commit in the log.
        package var commit: LogSequenceNumber
        package var time: Timestamp
        package var id: UInt32
    }

    /// Microseconds since 1 January 2000, UTC.
    package struct Timestamp: Sendable, Hashable {
        package var microseconds: Int64

        /// Milliseconds since 1 January 1970, UTC, as Kafka counts.
        package var unixMs: Int64 {
            let epoch: Int64 = 946_684_800_000
            return (microseconds / 1_000).addingReportingOverflow(epoch).partialValue
        }
    }
}

/// A table as the replication stream describes it.
package struct Relation: Sendable, Hashable {
    /// A column.
    package struct Column: Sendable, Hashable {
        package var name: String
        /// The object id of its type.
        package var type: UInt32
        /// The type's modifier, such as the precision of a numeric; −1 for none.
        package var modifier: Int32
        /// Whether it is part of the key by which old rows are identified.
        package var isKey: Bool

        package init(name: String, type: UInt32, modifier: Int32 = -1, isKey: Bool = false) {
            self.name = name
            self.type = type
            self.modifier = modifier
            self.isKey = isKey
        }
    }

    /// The columns of an old row that updates and deletes carry.
    package enum Identity: UInt8, Sendable {
        /// Those of the primary key, if there is one.
        case primaryKey = 0x64
        case nothing = 0x6E
        case full = 0x66
        /// Those of an index.
        case index = 0x69
    }

    package var id: UInt32
    package var schema: String
    package var name: String
    package var identity: Identity
    package var columns: [Column]

    package init(id: UInt32, schema: String, name: String, identity: Identity, columns: [Column]) {
        self.id = id
        self.schema = schema
        self.name = name
        self.identity = identity
        self.columns = columns
    }
}

/// The values of a row, in the order of the table's columns.
package struct Row: Sendable, Hashable {
    /// A value of a column.
    package enum Value: Sendable, Hashable {
        case null
        /// A large value that the update has left as it was; PostgreSQL does not send it.
        case unchanged
        case text([UInt8])
        case binary([UInt8])
    }

    package var values: [Value]

    package init(_ values: [Value]) { self.values = values }
}

/// A row before an update or a delete.
package enum OldRow: Sendable, Hashable {
    /// The key's columns only. The others are null here, whatever they were.
    case key(Row)
    /// All columns, under `REPLICA IDENTITY FULL`.
    case full(Row)
}
