/// A topic to produce to. Made by `KafkaProducer.topic(named:)`, which keeps it.
package final class ProducerTopic {
    package let name: String
    let handle: TopicHandle
    /// The producer's.
    unowned let client: ClientHandle
    /// By partition; -1 before the first acknowledgement.
    private var deliveredOffsets: [Int64] = []

    init(_ name: String, client: ClientHandle) throws(KafkaError) {
        self.name = name
        self.client = client
        handle = try TopicHandle(name, client: client)
    }

    func delivered(partition: Int32, offset: Int64) {
        let partition = Int(partition)
        // Without acknowledgements (acks=0) there is no offset.
        guard partition >= 0, offset >= 0 else { return }
        let missing = partition + 1 - deliveredOffsets.count
        if missing > 0 { deliveredOffsets.append(contentsOf: repeatElement(-1, count: missing)) }
        if offset > deliveredOffsets[partition] { deliveredOffsets[partition] = offset }
    }

    /// The highest offset acknowledged since this producer began, nil before the first.
    package func deliveredOffset(partition: Int32) -> Int64? {
        let partition = Int(partition)
        guard partition >= 0, partition < deliveredOffsets.count, deliveredOffsets[partition] >= 0 else { return nil }
        return deliveredOffsets[partition]
    }
}
