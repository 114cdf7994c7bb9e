/// A topic to produce to. Made by `KafkaProducer.topic(named:)`, which keeps it.
package final class ProducerTopic {
    package let name: String
    let handle: TopicHandle
    /// The client that the topic belongs to.
    let clientID: ObjectIdentifier
    private let deliveries: DeliveryReports
    private var offsets: [Int32: DeliveredOffset] = [:]
    /// The partition written to last: records come in runs.
    private var recentPartition: Int32 = -1
    private var recentOffset: UnsafeMutableRawPointer?

    init(_ name: String, client: ClientHandle, deliveries: DeliveryReports) throws(KafkaError) {
        self.name = name
        clientID = ObjectIdentifier(client)
        self.deliveries = deliveries
        handle = try TopicHandle(name, client: client)
    }

    /// The `DeliveredOffset` that notes the acknowledgements of a partition's records. The client's context keeps it.
    func offset(ofPartition partition: Int32) -> UnsafeMutableRawPointer? {
        if partition == recentPartition { return recentOffset }
        let offset = offsets[partition] ?? deliveries.makeOffset()
        offsets[partition] = offset
        recentPartition = partition
        recentOffset = Unmanaged.passUnretained(offset).toOpaque()
        return recentOffset
    }

    /// The highest acknowledged offset of the records that were sent to this partition by its number; `nil` before the first.
    package func deliveredOffset(partition: Int32) -> Int64? { offsets[partition]?.value }
}
