/// One record on its way through a topology.
///
/// A record's key and value may both be null, as in Kafka: a null key means that the producer chose none, a null value
/// is a tombstone. Semantics: `org.apache.kafka.streams.processor.api.Record`.
public struct Record<Key, Value> {
    /// The key, or `nil` if the record has none.
    public var key: Key?
    /// The value, or `nil` for a tombstone.
    public var value: Value?
    /// Milliseconds since the epoch; never negative inside a topology.
    public var timestampMs: Int64
    /// The record's headers, in order; empty by default.
    public var headers: Headers

    /// Makes a record.
    ///
    /// - Parameters:
    ///   - key: the key; `nil` for none.
    ///   - value: the value; `nil` for a tombstone.
    ///   - timestampMs: milliseconds since the epoch.
    ///   - headers: the record's headers; none by default.
    @inlinable
    public init(key: Key?, value: Value?, timestampMs: Int64, headers: Headers = Headers()) {
        self.key = key
        self.value = value
        self.timestampMs = timestampMs
        self.headers = headers
    }

    /// The same record with another key, and possibly of another type.
    @inlinable
    public func with<NewKey>(key: NewKey?) -> Record<NewKey, Value> {
        Record<NewKey, Value>(key: key, value: value, timestampMs: timestampMs, headers: headers)
    }

    /// The same record with another value, and possibly of another type.
    @inlinable
    public func with<NewValue>(value: NewValue?) -> Record<Key, NewValue> {
        Record<Key, NewValue>(key: key, value: value, timestampMs: timestampMs, headers: headers)
    }
}

extension Record: Sendable where Key: Sendable, Value: Sendable {}
extension Record: Equatable where Key: Equatable, Value: Equatable {}
