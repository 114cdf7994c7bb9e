import KafkaClient
import Millrace

/// The records of a key's partition that have not been processed.
struct Backlog {
    private(set) var records: Int64 = 0
    /// The timestamp of the first of them, in milliseconds since 1970; nil if there is none.
    private(set) var firstMs: Int64?
    /// The last one of the key.
    private(set) var latest: LogRecord?
    /// The number of offsets that have not been looked at.
    private(set) var skipped: Int64 = 0

    /// Looks through the last records, at most this many. The rest counts by offsets.
    init(_ scope: ExplainScope, _ connection: ClusterConnection, records limit: Int64) throws(OperationError) {
        guard !scope.waiting.isEmpty else { return }
        let slice = scope.waiting.suffix(max(1, limit))
        skipped = Int64(scope.waiting.count) - Int64(slice.count)
        if skipped > 0 {
            firstMs = try connection.firstTimestamps(in: [scope.partition: scope.waiting])[scope.partition]
        }
        let reader = try LogReader(connection, [scope.partition: slice])
        while !reader.isDone {
            for record in try reader.next() {
                records += 1
                firstMs = firstMs ?? record.timestampMs
                if scope.isOfKey(record) { latest = record }
            }
        }
        records += skipped
    }

    var behind: Explanation.Behind? {
        firstMs.map { .init(records: records, ms: max(.zero, Moment(ms: currentMs()) - Moment(ms: $0)).ms) }
    }
}
