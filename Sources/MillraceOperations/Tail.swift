import KafkaClient

/// Reads a topic's committed records between two places.
package struct Tail {
    private let connection: ClusterConnection
    private let slices: [TopicPartition: Range<Int64>]

    /// - Parameters:
    ///   - count: the most records to read of the end of each partition, where `from` is nil.
    ///   - follows: whether records that will be written are read too.
    /// - Throws: `.missing` if there is no such topic.
    package init(
        _ topic: String, from: LogLocation?, to: LogLocation, last count: Int64, follows: Bool,
        _ connection: ClusterConnection
    ) throws(OperationError) {
        self.connection = connection
        let marks = try connection.watermarks(of: connection.partitions(of: topic, connection.admin()))
        let starts: [TopicPartition: Int64] =
            if let from {
                try connection.offsets(of: from, in: marks)
            } else {
                marks.mapValues { max($0.low, $0.high.subtractingReportingOverflow(count).partialValue) }
            }
        let ends = try connection.offsets(of: to, in: marks)
        var slices: [TopicPartition: Range<Int64>] = [:]
        for (partition, start) in starts {
            let end = follows ? .max : ends[partition] ?? start
            if start < end { slices[partition] = start..<end }
        }
        self.slices = slices
    }

    /// Passes on the records as they come, each partition's in order, until `body` returns false or all are read.
    ///
    /// - Parameter progress: is told how many offsets have been read, of how many; of `Int64.max` while following.
    package func visit(
        progress: (Int64, Int64) -> Void = { _, _ in }, _ body: (LogRecord) -> Bool
    ) throws(OperationError) {
        let reader = try LogReader(connection, slices)
        var read = SliceProgress(slices)
        while !reader.isDone {
            for record in try reader.next() {
                read.take(record)
                if !body(record) { return }
            }
            progress(read.done, read.total)
        }
    }
}
