/// A function that chooses the partition of a record, given the topic's number of partitions. Kafka: `StreamPartitioner`
/// (KIP-837).
///
/// ```swift
/// payments.to("payments-by-size") { record, count in
///     (record.value?.amount ?? 0) < 1_000 ? .byKey : .one(count - 1)
/// }
/// ```
///
/// It has to be a pure function: a record that is processed again has to go to the same partition as before. `count` is at
/// least 1. Its errors go to the processing handler.
public typealias StreamPartitioner<Key, Value> =
    @Sendable (_ record: Record<Key, Value>, _ count: Int32) throws -> PartitionChoice

/// The partitions that a partitioner chooses for a record.
public enum PartitionChoice: Sendable, Hashable {
    /// The one that the murmur2 hash of the key's bytes determines, as in Kafka's producer; for a windowed key, the hash of
    /// the key without its window.
    case byKey
    /// One, counted from 0.
    case one(Int32)
    /// Several, each of which gets the record, in their order. If there are none, the record is dropped and counted.
    case several(Set<Int32>)

    /// The record is dropped and counted, under `DropReason.noPartition`.
    public static let drop = PartitionChoice.several([])
}
