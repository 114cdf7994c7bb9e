import KafkaClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The topic in which it is noted what was done with the dead letters of another topic: `<topic>-handled`, compacted, with a dead
/// letter's id as key.
///
/// A note is written in the transaction that writes the record back, so both are there or neither. A group's committed offsets would
/// not do: letters are retried in any order, and an offset can only say "all before this one".
struct HandledLetters {
    let topic: String

    init(of deadLetters: String) { topic = "\(deadLetters)-handled" }

    /// Reads all notes; none if the topic does not exist yet.
    func read(_ connection: ClusterConnection, _ admin: KafkaAdmin) throws(OperationError)
        -> [DeadLetterID: DeadLetter.Handled]
    {
        guard try connection.partitionCounts(of: [topic], admin)[topic] != nil else { return [:] }
        let marks = try connection.watermarks(of: connection.partitions(of: topic, admin))
        let reader = try LogReader(connection, marks.mapValues { $0.low..<max($0.low, $0.high) })
        var notes: [DeadLetterID: DeadLetter.Handled] = [:]
        while !reader.isDone {
            for record in try reader.next() {
                guard let key = record.key, let id = DeadLetterID(String(decoding: key, as: UTF8.self)) else {
                    continue
                }
                // A note that cannot be read says nothing, so its letter counts as waiting, which shows it to somebody.
                notes[id] = record.value.flatMap {
                    try? JSONDecoder().decode(DeadLetter.Handled.self, from: Data($0))
                }
            }
        }
        return notes
    }

    /// Creates the topic unless it exists.
    func create(_ connection: ClusterConnection, _ admin: KafkaAdmin) throws(OperationError) {
        guard try connection.partitionCounts(of: [topic], admin)[topic] == nil else { return }
        let results = try connection.kafka("creating topic \(topic)") { () throws(KafkaError) in
            try admin.createTopics(
                [NewTopic(topic, partitions: 1, configs: ["cleanup.policy": "compact"])],
                timeoutMs: connection.timeoutMs)
        }
        if case .failure(let error)? = results[topic], error.code != .topicAlreadyExists {
            throw connection.failure(error, "creating topic \(topic)")
        }
        // Not every broker learns at once what the controller has created.
        let deadline = ContinuousClock.now + .milliseconds(connection.timeoutMs)
        while try connection.partitionCounts(of: [topic], admin)[topic] == nil {
            guard ContinuousClock.now < deadline else {
                throw OperationError(.failed, "topic \(topic) was created, but the broker does not know it yet")
            }
        }
    }

    static func key(_ id: DeadLetterID) -> [UInt8] { Array(id.description.utf8) }

    static func value(_ note: DeadLetter.Handled) throws(OperationError) -> [UInt8] {
        do { return Array(try JSONEncoder().encode(note)) } catch {
            throw OperationError(.failed, "a note cannot be written: \(error)")
        }
    }
}
