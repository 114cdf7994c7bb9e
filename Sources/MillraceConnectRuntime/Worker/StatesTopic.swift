import Millrace
import MillraceConnect
import MillraceEngine
import MillraceRuntime

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The reading and writing of the topic of wanted states, on one thread.
final class StatesTopic {
    private let partition: TopicPartition
    private let ports: KafkaPorts
    private let clientID: String
    private let reader: any ReaderPort
    private var producer: (any ProducerPort)?
    private(set) var wanted = WantedStates()
    /// Whether everything has been read that was there at the start.
    private(set) var isComplete = false

    /// - Throws: `PortError`.
    init(_ topic: String, ports: KafkaPorts, clientID: String) throws(PortError) {
        partition = TopicPartition(topic: topic, partition: 0)
        self.ports = ports
        self.clientID = clientID
        reader = try ports.makeReader(clientID: clientID, isForLong: true)
        try reader.assign([PartitionAssignment(partition: partition, slot: 0, offset: nil)])
    }

    /// Reads on.
    ///
    /// - Returns: the targets that have to begin anew.
    /// - Throws: `PortError`.
    func poll(timeoutMs: Int) throws(PortError) -> [String] {
        var restarts: [String] = []
        let polled = try reader.poll(maxRecords: 1_000, timeoutMs: timeoutMs)
        for run in polled.runs {
            for record in run.records {
                guard let key = record.key else { continue }
                let target = String(decoding: key, as: UTF8.self)
                let wish = record.value.flatMap { value in
                    (try? JSONDecoder().decode(JSONValue.self, from: Data(value))).flatMap(WantedStates.Wish.init)
                }
                wanted.take(wish, for: target)
                // Restarts that were asked for before the start have been done by it.
                if isComplete, wish?.isRestart == true { restarts.append(target) }
            }
        }
        for event in polled.events {
            if case .endOfPartition = event { isComplete = true }
        }
        return restarts
    }

    /// Writes a wish, and waits until the broker has it.
    ///
    /// - Throws: `PortError`.
    func write(_ wish: WantedStates.Wish, for target: String) throws(PortError) {
        let producer = try producerOfWishes()
        let topic = try producer.topic(named: partition.topic)
        try withBytes(of: Array(target.utf8), Array(wish.text.utf8)) { (key, value) throws(PortError) in
            try producer.send(topic: topic, partition: 0, key: key, value: value, timestampMs: -1, headers: [])
        }
        try producer.flush()
    }

    private func producerOfWishes() throws(PortError) -> any ProducerPort {
        if let producer { return producer }
        let producer = try ports.makeProducer(clientID: clientID, transactionalID: nil)
        self.producer = producer
        return producer
    }

    func close() {
        reader.close()
        producer?.close()
    }
}
