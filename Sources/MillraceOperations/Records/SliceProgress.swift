import KafkaClient

/// The progress through slices of partitions, in offsets.
///
/// An offset without a record, such as the end of a transaction or a record that was compacted away, counts with the next record of its
/// partition. Records alone would never amount to the total in a topic that is written in transactions.
struct SliceProgress {
    /// All offsets; `Int64.max` if a slice has no end.
    let total: Int64
    /// The offsets up to the last record of each partition.
    private(set) var done: Int64 = 0
    private var places: [TopicPartition: Int64]

    init(_ slices: [TopicPartition: Range<Int64>]) {
        places = slices.mapValues(\.lowerBound)
        let hasEnd = slices.values.allSatisfy { $0.upperBound < .max }
        total = hasEnd ? slices.values.reduce(0) { $0 &+ ($1.upperBound &- $1.lowerBound) } : .max
    }

    /// Counts a record and the offsets before it.
    mutating func take(_ record: LogRecord) { take(record.offset, of: record.topicPartition) }

    mutating func take(_ offset: Int64, of partition: TopicPartition) {
        guard let place = places[partition], offset >= place, offset < .max else { return }
        done &+= offset &+ 1 &- place
        places[partition] = offset &+ 1
    }
}
