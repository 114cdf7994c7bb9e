import Millrace
import MillraceConnect
import MillracePostgres
import Testing

/// The topics of a source and its stored position, as Kafka has them: what is committed stays, the rest is rolled back.
final class Topics {
    let source: any SourceConnector
    private let partition: String
    private var reader: (any SourcePartitionReader)?
    private(set) var position: SourcePosition?
    private(set) var records: [SourceRecord] = []
    /// The latest values by key, as a compacted topic has them.
    private(set) var table: [String: String] = [:]
    private(set) var losses: [RecordLoss] = []
    private var uncommitted: [SourceRecord] = []
    private var reached: SourcePosition?

    init(_ configuration: PostgresSourceConfiguration) {
        source = PostgresSource(configuration)
        partition = configuration.slot
    }

    /// Makes the topics go on with another configuration.
    init(_ configuration: PostgresSourceConfiguration, from position: SourcePosition?) {
        source = PostgresSource(configuration)
        partition = configuration.slot
        self.position = position
    }

    /// Opens the reader, waiting while the server has not noticed the end of the one before.
    func open() throws {
        while reader == nil {
            do { reader = try source.open(partition, from: position) } catch let error as ConnectorError {
                guard error.kind == .temporary, error.message.contains("is in use") else { throw error }
            }
        }
    }

    /// Reads once, without a commit. Returns whether anything came.
    @discardableResult
    func read(_ count: Int = 1_000) throws -> Bool {
        try open()
        guard let batch = try reader?.read(count, withinMs: 50) else { return false }
        uncommitted += batch.records
        losses += batch.losses
        reached = batch.position ?? reached
        return batch.position != nil
    }

    /// Reads and commits the rows that are there, until the stream has begun: till then, the tables are locked against changes of
    /// their columns.
    func begin() throws {
        while try read() { try commit() }
    }

    /// Commits what was read.
    func commit() throws {
        guard let reached else { return }
        records += uncommitted
        for record in uncommitted where record.key != nil { table[record.keyText] = record.valueText }
        position = reached
        (self.reached, uncommitted) = (nil, [])
        try reader?.committed(reached)
    }

    /// Ends the reader without a commit.
    func drop() {
        reader?.close()
        (reader, reached, uncommitted) = (nil, nil, [])
    }

    /// Reads and commits until there is a number of records in all.
    @discardableResult
    func read(until count: Int) throws -> [SourceRecord] {
        while records.count < count {
            try read()
            try commit()
        }
        return records
    }

    /// Reads and commits until the latest values by key are as expected.
    func read(until table: [String: String]) throws {
        while self.table != table {
            try read()
            try commit()
        }
    }
}

extension SourceRecord {
    var keyText: String { String(decoding: key ?? [], as: UTF8.self) }
    /// The value as text; `nil` for a tombstone.
    var valueText: String? { value.map { String(decoding: $0, as: UTF8.self) } }

    func header(_ name: String) -> String? {
        headers.last(named: name)?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The operation, key and value in one text.
    var line: String { "\(header("op") ?? "-") \(keyText) \(valueText ?? "∅")" }
}
