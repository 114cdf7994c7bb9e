import Millrace
import MillraceEngine

/// Keeps what is sent in memory, in order.
final class MemoryProducer: ProducerPort {
    struct Sent {
        var topic: String
        var partition: Int32?
        var key: [UInt8]?
        var value: [UInt8]?
        var timestampMs: Int64
        var headers: Headers
    }

    private var topics: [String] = []
    private var sent: [Sent] = []

    /// What was sent since the last call.
    func takeSent() -> [Sent] {
        defer { sent.removeAll(keepingCapacity: true) }
        return sent
    }

    func topic(named name: String) throws(PortError) -> Int {
        if let number = topics.firstIndex(of: name) { return number }
        topics.append(name)
        return topics.count - 1
    }

    func send(
        topic: Int, partition: Int32?, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestampMs: Int64, headers: Headers
    ) throws(PortError) {
        sent.append(
            Sent(
                topic: topics[topic], partition: partition, key: key.map(Array.init), value: value.map(Array.init),
                timestampMs: timestampMs, headers: headers))
    }

    func initTransactions() throws(PortError) {}
    func beginTransaction() throws(PortError) {}
    func commitTransaction(offsets: [TopicPartition: CommittedOffset], group: AnyObject?) throws(PortError) {}
    func abortTransaction() throws(PortError) {}
    func flush() throws(PortError) {}
    func poll() throws(PortError) {}
    func nextOffset(of partition: TopicPartition) -> Int64? { nil }
    func close() {}
}
