/// A record that a simulation puts into a topic.
public struct SimulatedRecord: Sendable {
    /// The topic's name.
    public var topic: String
    /// The key's bytes; `nil` for none.
    public var key: [UInt8]?
    /// The value's bytes; `nil` for a tombstone.
    public var value: [UInt8]?
    /// Milliseconds since the epoch.
    public var timestampMs: Int64
    /// The partition; by default the one of the key's hash, or a random one without a key.
    public var partition: Int32?
    /// Whether the record is written only two seconds after everything before it has been processed. This fixes the order of
    /// records of different topics.
    public var waits = false

    /// Makes a record.
    ///
    /// - Parameters:
    ///   - topic: the topic's name.
    ///   - key: the key; `nil` for none.
    ///   - value: the value; `nil` for a tombstone.
    ///   - timestampMs: milliseconds since the epoch.
    public init(topic: String, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64) {
        self.topic = topic
        self.key = key
        self.value = value
        self.timestampMs = timestampMs
    }

    /// A record of text.
    ///
    /// - Parameters:
    ///   - topic: the topic's name.
    ///   - key: the key; `nil` for none.
    ///   - value: the value; `nil` for a tombstone.
    ///   - timestampMs: milliseconds since the epoch.
    public init(_ topic: String, _ key: String?, _ value: String?, atMs timestampMs: Int64) {
        self.init(
            topic: topic, key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) }, timestampMs: timestampMs
        )
    }
}

/// The records that a run of a simulation has written, for custom rules.
public struct SimulatedResults: Sendable {
    /// A value and its time.
    public struct Value: Hashable, Sendable {
        /// The value's bytes; `nil` for a tombstone.
        public var bytes: [UInt8]?
        /// Milliseconds since the epoch.
        public var timestampMs: Int64

        /// The value as text; `-` for null.
        public var text: String { bytes.map { String(decoding: $0, as: UTF8.self) } ?? "-" }
    }

    /// The records that were put into the topics, in order.
    public var inputs: [SimulatedRecord]
    /// The values of each key of each output topic, in order. All values of a key are in one partition.
    public var outputs: [String: [[UInt8]?: [Value]]] = [:]

    /// The values of each key of a topic, as text; the null key is `-`.
    public func texts(of topic: String) -> [String: [String]] {
        var texts: [String: [String]] = [:]
        for (key, values) in outputs[topic] ?? [:] {
            texts[key.map { String(decoding: $0, as: UTF8.self) } ?? "-"] = values.map(\.text)
        }
        return texts
    }
}
