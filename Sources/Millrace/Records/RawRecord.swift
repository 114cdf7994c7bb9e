/// A record as it was read from a partition, before it is deserialised.
///
/// The code that fetched the record owns the memory of key and value, which is valid only during the call that receives it.
/// A null key or value is `nil`, an empty one is an empty buffer: both occur and mean different things.
public struct RawRecord {
    /// The topic's name.
    public var topic: String
    /// The partition, counted from 0.
    public var partition: Int32
    /// The record's offset in its partition.
    public var offset: Int64
    /// Milliseconds since the epoch; −1 if the broker has none.
    public var timestampMs: Int64
    /// The record's headers.
    public var headers: Headers
    /// The key's bytes; `nil` for none.
    public var key: UnsafeRawBufferPointer?
    /// The value's bytes; `nil` for a tombstone.
    public var value: UnsafeRawBufferPointer?

    /// Makes a record of bytes, which it does not own.
    ///
    /// - Parameters:
    ///   - topic: the topic's name.
    ///   - partition: the partition, counted from 0.
    ///   - offset: the record's offset in its partition.
    ///   - timestampMs: milliseconds since the epoch.
    ///   - headers: the record's headers; none by default.
    ///   - key: the key's bytes; `nil` for none.
    ///   - value: the value's bytes; `nil` for a tombstone.
    @inlinable
    public init(
        topic: String, partition: Int32, offset: Int64, timestampMs: Int64, headers: Headers = Headers(),
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestampMs = timestampMs
        self.headers = headers
        self.key = key
        self.value = value
    }
}

/// The origin of the record that is being processed.
public struct RecordMetadata: Hashable, Sendable {
    /// The topic's name.
    public var topic: String
    /// The partition, counted from 0.
    public var partition: Int32
    /// The record's offset in its partition.
    public var offset: Int64

    /// Makes the metadata of a record.
    ///
    /// - Parameters:
    ///   - topic: the topic's name.
    ///   - partition: the partition, counted from 0.
    ///   - offset: the record's offset in its partition.
    public init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}
