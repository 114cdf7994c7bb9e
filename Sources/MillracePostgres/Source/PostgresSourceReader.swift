import MillraceConnect
import PostgresClient

/// The reading of a slot: the rows of tables first, then the stream.
final class PostgresSourceReader: SourcePartitionReader {
    private let configuration: PostgresSourceConfiguration
    private var catalog: TableCatalog?
    private var replication: PostgresConnection?
    private let rules: ChangeRules
    private var snapshot: SnapshotReader?
    private var changes: ChangeReader?
    /// The loss that made the reading begin again, for the first batch.
    private var losses: [RecordLoss]

    /// - Parameter loss: the loss because of which the reading begins again; `nil` for none.
    /// - Throws: `ConnectorError`.
    init(
        _ configuration: PostgresSourceConfiguration, _ catalog: TableCatalog, _ replication: PostgresConnection,
        _ tables: [CheckedTable], from position: SlotPosition, snapshot: String?,
        after loss: String?
    ) throws(ConnectorError) {
        self.configuration = configuration
        self.catalog = catalog
        self.replication = replication
        rules = ChangeRules(configuration)
        losses = loss.map { [RecordLoss($0)] } ?? []
        let unread = tables.filter { position.tables[$0.id] == nil }
        if unread.isEmpty {
            try startStream(position)
        } else {
            self.snapshot = try SnapshotReader(
                catalog.connection, unread, rules: rules, from: position, snapshot: snapshot)
        }
    }

    private func startStream(_ position: SlotPosition) throws(ConnectorError) {
        guard let catalog, let replication else { return }
        do {
            let stream = try ReplicationStream(
                on: replication, slot: configuration.slot, publications: [configuration.publication], from: position.lsn
            )
            changes = ChangeReader(ServerStream(stream), catalog, rules: rules, from: position)
        } catch { throw ConnectorError(error) }
    }

    func read(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
        var batch = try next(count, withinMs: milliseconds)
        swap(&batch.losses, &losses)
        return batch
    }

    private func next(_ count: Int, withinMs milliseconds: Int) throws -> SourceBatch {
        if let snapshot {
            if let batch = try snapshot.read(count) { return batch }
            self.snapshot = nil
            try startStream(snapshot.position)
        }
        return try changes?.read(count, withinMs: milliseconds) ?? SourceBatch()
    }

    func committed(_ position: SourcePosition) throws { try changes?.committed(SlotPosition(position)) }

    func close() {
        (snapshot, changes) = (nil, nil)
        // Connections end with their last reference.
        (catalog, replication) = (nil, nil)
    }
}
