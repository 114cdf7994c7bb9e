import KafkaClient

/// Slices of partitions as one sequence: the record with the lowest timestamp comes next, each partition's records in their order, as
/// a task chooses them.
final class MergedLog {
    private let reader: LogReader
    private var waiting: [TopicPartition: ArraySlice<LogRecord>] = [:]
    private var paused: Set<TopicPartition> = []
    private let maxSizeInBytes: Int
    private var sizeInBytes = 0
    /// Whether the log has ended because more bytes were read than it may have.
    private(set) var isTooLarge = false
    private static let most = 5_000

    /// - Parameter maxSizeInBytes: the size of the records beyond which the log ends; any by default.
    init(
        _ connection: ClusterConnection, _ slices: [TopicPartition: Range<Int64>], maxSizeInBytes: Int = .max
    ) throws(OperationError) {
        self.maxSizeInBytes = maxSizeInBytes
        reader = try LogReader(connection, slices)
    }

    /// Returns the next record; nil at the end.
    func next() throws(OperationError) -> LogRecord? {
        while !isTooLarge {
            // A partition that may still have records has to show its next one first.
            let missing = reader.openPartitions.filter { waiting[$0] == nil }
            if missing.isEmpty { return try take() }
            for record in try reader.next() {
                sizeInBytes += record.sizeInBytes
                waiting[record.topicPartition, default: []].append(record)
            }
            if sizeInBytes > maxSizeInBytes {
                isTooLarge = true
                return nil
            }
            let full = waiting.filter { $0.value.count > Self.most && !paused.contains($0.key) }.map(\.key)
            try reader.pause(full)
            paused.formUnion(full)
        }
        return nil
    }

    private func take() throws(OperationError) -> LogRecord? {
        let next = waiting.min { left, right in
            let (first, second) = (left.value.first?.timestampMs ?? .max, right.value.first?.timestampMs ?? .max)
            return first == second ? left.key < right.key : first < second
        }
        guard let partition = next?.key, let record = waiting[partition]?.popFirst() else { return nil }
        if waiting[partition]?.isEmpty ?? true {
            waiting[partition] = nil
            if paused.remove(partition) != nil { try reader.resume([partition]) }
        }
        return record
    }
}
