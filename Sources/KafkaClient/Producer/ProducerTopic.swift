/// A topic to produce to. Made by `KafkaProducer.topic(named:)`, which keeps it.
package final class ProducerTopic {
    package let name: String
    let handle: TopicHandle
    /// The producer's.
    unowned let client: ClientHandle
    private let deliveries: DeliveryReports
    private var offsets: [Int32: DeliveredOffset] = [:]
    /// The partition written to last: records come in runs.
    @exclusivity(unchecked) private var recent: (partition: Int32, offset: DeliveredOffset)?

    init(_ name: String, client: ClientHandle, deliveries: DeliveryReports) throws(KafkaError) {
        self.name = name
        self.client = client
        self.deliveries = deliveries
        handle = try TopicHandle(name, client: client)
    }

    /// Where the acknowledgements of a partition's records are noted; `nil` where the partition is not known when they are
    /// sent.
    func offset(ofPartition partition: Int32) -> DeliveredOffset? {
        if let recent, recent.partition == partition { return recent.offset }
        guard partition >= 0 else { return nil }
        let offset = offsets[partition] ?? deliveries.makeOffset()
        offsets[partition] = offset
        recent = (partition, offset)
        return offset
    }

    /// The highest acknowledged offset of the records that were sent to this partition by its number; `nil` before the first.
    package func deliveredOffset(partition: Int32) -> Int64? { offsets[partition]?.value }
}
