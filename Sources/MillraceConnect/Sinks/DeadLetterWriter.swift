import Millrace
import MillraceEngine

/// The topic of the records that a target refuses. They keep key, value and headers, and have the headers of dead letters, as those of
/// topologies have.
final class DeadLetterWriter {
    private let topic: String
    private let producer: any ProducerPort
    private var number: Int?
    private(set) var count = 0

    init(topic: String, producer: any ProducerPort) {
        self.topic = topic
        self.producer = producer
    }

    /// - Throws: `PortError`; ``ConnectorError`` if the topic does not exist.
    func send(_ refused: [RefusedSinkRecord]) throws {
        let number = try topicNumber()
        for refusal in refused {
            let record = refusal.record
            var headers = record.headers
            headers.append(.exception, "RefusedSinkRecord")
            headers.append(.message, refusal.reason)
            headers.append(.topic, record.partition.topic)
            headers.append(.partition, "\(record.partition.partition)")
            headers.append(.offset, "\(record.offset)")
            try send(record, headers, to: number)
        }
        count += refused.count
    }

    private func topicNumber() throws -> Int {
        if let number { return number }
        let number = try producer.existingTopic(named: topic, role: "topic of dead letters")
        self.number = number
        return number
    }

    private func send(_ record: SinkRecord, _ headers: Headers, to number: Int) throws(PortError) {
        try withBytes(of: record.key, record.value) { (key, value) throws(PortError) in
            try producer.send(
                topic: number, partition: nil, key: key, value: value, timestampMs: record.timestampMs, headers: headers
            )
        }
    }

    /// Waits until all letters are in the topic.
    ///
    /// - Throws: `PortError`.
    func flush() throws(PortError) { try producer.flush() }

    func close() { producer.close() }
}
