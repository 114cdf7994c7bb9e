public import Millrace

/// A record that a source writes into a topic.
public struct SourceRecord: Sendable, Hashable {
    /// The topic.
    public var topic: String
    /// The key's bytes; `nil` for none.
    public var key: [UInt8]?
    /// The value's bytes; `nil` for a tombstone.
    public var value: [UInt8]?
    /// Milliseconds since 1 January 1970, UTC; `nil` for the time of writing.
    public var timestampMs: Int64?
    /// The headers; none by default.
    public var headers: Headers

    /// Makes a record. Its partition follows from the key, as with Kafka's own producers.
    ///
    /// - Parameters:
    ///   - topic: the topic.
    ///   - key: the key's bytes; `nil` for none.
    ///   - value: the value's bytes; `nil` for a tombstone.
    ///   - timestampMs: milliseconds since 1 January 1970, UTC; the time of writing by default.
    ///   - headers: the headers; none by default.
    public init(
        topic: String, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64? = nil, headers: Headers = []
    ) {
        self.topic = topic
        self.key = key
        self.value = value
        self.timestampMs = timestampMs
        self.headers = headers
    }
}
