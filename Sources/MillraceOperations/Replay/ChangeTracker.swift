import KafkaClient
import Millrace
import MillraceTesting

/// Sorts what tasks write into changes of stores and results, and keeps what concerns a key.
final class ChangeTracker {
    private let topology: Topology
    private let applicationID: String
    private let key: String?
    private var decoders: [String: TopicDecoder] = [:]
    private var changes: [Replay.Change] = []
    private var outputs: [Replay.Output] = []
    /// The latest values of the key's entries; kept only if one key is looked at.
    private var values: [String: JSONFragment] = [:]
    private let prefix: String

    init(_ topology: Topology, applicationID: String, key: String?) {
        self.topology = topology.loggingEveryStore()
        self.applicationID = applicationID
        self.key = key
        prefix = "\(applicationID)-"
    }

    func note(_ record: WrittenRecord) {
        let decoder = decoder(of: record.topic)
        if let key, !decoder.isKey(record.key, typed: key) { return }
        let (keyJSON, value) = (decoder.keyJSON(record.key), decoder.valueJSON(record.value))
        if let store = decoder.store {
            changes.append(
                Replay.Change(
                    store: store, partition: record.partition, key: keyJSON,
                    before: replace(store, record.partition, keyJSON, by: value), value: value,
                    timestampMs: record.timestampMs))
        } else if !isInternal(record.topic) {
            outputs.append(
                Replay.Output(
                    topic: record.topic, partition: record.partition, key: keyJSON, value: value,
                    timestampMs: record.timestampMs))
        }
    }

    /// Returns the changes of the global tables that a record makes: these have no changelogs, for their topics are that.
    func globalChanges(by record: LogRecord, _ decoder: TopicDecoder) -> [Replay.Change] {
        if let key, !decoder.isKey(record.key, typed: key) { return [] }
        let stores = topology.subtopologies.filter { subtopology in
            subtopology.isGlobal && subtopology.sourceTopics.contains { $0.name == record.topicPartition.topic }
        }.flatMap(\.stores)
        return stores.map { store in
            let (keyJSON, value) = (decoder.keyJSON(record.key), decoder.valueJSON(record.value))
            return Replay.Change(
                store: store.name, partition: record.topicPartition.partition, key: keyJSON,
                before: replace(store.name, record.topicPartition.partition, keyJSON, by: value), value: value,
                timestampMs: record.timestampMs)
        }
    }

    /// Returns what has been noted since the last call.
    func take() -> (changes: [Replay.Change], outputs: [Replay.Output]) {
        defer { (changes, outputs) = ([], []) }
        return (changes, outputs)
    }

    private func replace(
        _ store: String, _ partition: Int32, _ entry: JSONFragment, by value: JSONFragment
    ) -> JSONFragment? {
        guard key != nil else { return nil }
        return values.updateValue(value, forKey: "\(store) \(partition) \(entry.text)")
    }

    private func isInternal(_ topic: String) -> Bool {
        topology.repartitionTopics.contains { "\(prefix)\($0.name)" == topic }
    }

    private func decoder(of topic: String) -> TopicDecoder {
        if let known = decoders[topic] { return known }
        let decoder = TopicDecoder(topic, of: topology, applicationID: applicationID) ?? .plain
        decoders[topic] = decoder
        return decoder
    }
}
