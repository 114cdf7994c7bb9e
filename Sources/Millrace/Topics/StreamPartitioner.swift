/// Chooses where a record is written to, knowing how many partitions the topic has. Kafka: `StreamPartitioner` (KIP-837).
///
/// ```swift
/// payments.to("payments-by-size") { record, count in
///     (record.value?.amount ?? 0) < 1_000 ? .byKey : .one(count - 1)
/// }
/// ```
///
/// It has to be a pure function: a record that is processed again has to go where it went before. `count` is at least 1. What it throws
/// goes to the processing handler.
public typealias StreamPartitioner<Key, Value> =
    @Sendable (_ record: Record<Key, Value>, _ count: Int32) throws -> PartitionChoice

/// The partitions that a partitioner chooses for a record.
public enum PartitionChoice: Sendable, Hashable {
    /// The one that the murmur2 hash of the key's bytes leads to, as Kafka's producer chooses it; for a windowed key that of the
    /// key without its window.
    case byKey
    /// One, counted from 0.
    case one(Int32)
    /// Each of these gets the record, in their order. Where there is none, the record is dropped and counted.
    case several(Set<Int32>)

    /// The record is dropped and counted, under `DropReason.noPartition`.
    public static let drop = PartitionChoice.several([])
}
