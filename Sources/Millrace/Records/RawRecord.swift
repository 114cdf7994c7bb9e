/// A record as it was read from a partition, before it is deserialised.
///
/// The key's and the value's memory belongs to whoever fetched the record and is valid only for the duration of the call
/// that receives it. A null key or value is `nil`; an empty one is an empty buffer: both occur and mean different things.
public struct RawRecord {
    public var topic: String
    public var partition: Int32
    public var offset: Int64
    /// Milliseconds since the epoch; −1 where the broker has none.
    public var timestampMs: Int64
    public var headers: Headers
    public var key: UnsafeRawBufferPointer?
    public var value: UnsafeRawBufferPointer?

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

/// Where the record being processed came from.
public struct RecordMetadata: Hashable, Sendable {
    public var topic: String
    public var partition: Int32
    public var offset: Int64

    public init(topic: String, partition: Int32, offset: Int64) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
    }
}
