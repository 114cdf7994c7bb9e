/// A record whose key cannot be changed, so that the stream keeps its partitioning.
///
/// Kafka: `org.apache.kafka.streams.processor.api.FixedKeyRecord`.
public struct FixedKeyRecord<Key, Value> {
    @usableFromInline let record: Record<Key, Value>

    @usableFromInline
    init(_ record: Record<Key, Value>) { self.record = record }

    /// The key, or `nil` if the record has none.
    @inlinable public var key: Key? { record.key }
    /// The value, or `nil` for a tombstone.
    @inlinable public var value: Value? { record.value }
    /// Milliseconds since the epoch.
    @inlinable public var timestampMs: Int64 { record.timestampMs }
    /// The record's headers.
    @inlinable public var headers: Headers { record.headers }

    /// The same record with another value, and possibly of another type.
    @inlinable
    public func with<NewValue>(value: NewValue?) -> FixedKeyRecord<Key, NewValue> {
        FixedKeyRecord<Key, NewValue>(record.with(value: value))
    }

    /// The same record at another time.
    @inlinable
    public func with(timestampMs: Int64) -> FixedKeyRecord {
        var copy = record
        copy.timestampMs = timestampMs
        return FixedKeyRecord(copy)
    }

    /// The same record with other headers.
    @inlinable
    public func with(headers: Headers) -> FixedKeyRecord {
        var copy = record
        copy.headers = headers
        return FixedKeyRecord(copy)
    }
}

extension FixedKeyRecord: Sendable where Key: Sendable, Value: Sendable {}
extension FixedKeyRecord: Equatable where Key: Equatable, Value: Equatable {}

/// The context that a processor of values gets when its task starts.
///
/// ```swift
/// amounts.processValues { (context: FixedKeyProcessorContext<String, String>) in
///     { record in try context.forward(record.with(value: "\(record.value ?? 0)")) }
/// }
/// ```
///
/// Kafka: `org.apache.kafka.streams.processor.api.FixedKeyProcessorContext`.
public struct FixedKeyProcessorContext<Key, Value>: ProcessingContext {
    public let node: ProcessorNode
    @usableFromInline let forwardToAll: Forward<Key, Value>

    @usableFromInline
    init(_ node: ProcessorNode) throws {
        self.node = node
        forwardToAll = try node.all(Record<Key, Value>.self)
    }

    /// Hands a record to everything directly downstream of the processor.
    ///
    /// - Throws: `StreamsError` of an operator downstream. Pass it on: the record is not committed.
    @inlinable
    public func forward(_ record: FixedKeyRecord<Key, Value>) throws {
        try node.forward(record.record, to: forwardToAll)
    }

    /// Hands a record to one operator directly downstream of the processor.
    ///
    /// - Parameters:
    ///   - record: the record.
    ///   - child: the operator's name.
    /// - Throws: `StreamsError` with code `.invalidTopology` if there is no operator of this name directly downstream.
    public func forward(_ record: FixedKeyRecord<Key, Value>, to child: String) throws {
        try node.forward(record.record, to: node.child(named: child, Record<Key, Value>.self))
    }
}

/// A processor of values that is a type. It is made when a task starts.
///
/// ```swift
/// struct Rounded: FixedKeyProcessor {
///     let context: FixedKeyProcessorContext<String, Int64>
///
///     mutating func process(_ record: FixedKeyRecord<String, Double>) throws {
///         try context.forward(record.with(value: record.value.map { Int64($0) }))
///     }
/// }
/// amounts.processValues { context in Rounded(context: context) }
/// ```
///
/// Kafka: `org.apache.kafka.streams.processor.api.FixedKeyProcessor`.
public protocol FixedKeyProcessor<Key, Value>: SendableMetatype {
    /// The keys of the records.
    associatedtype Key
    /// The values of the records that it gets.
    associatedtype Value

    /// Processes a record; the processor may forward any records through its context.
    ///
    /// - Throws: anything; it goes to the processing handler as a `StreamsError` with code `.processing`.
    mutating func process(_ record: FixedKeyRecord<Key, Value>) throws

    /// Releases the processor's resources; called once when the task ends. Does nothing by default.
    ///
    /// - Throws: anything; it ends the task as a `StreamsError`.
    mutating func close() throws
}

extension FixedKeyProcessor {
    public mutating func close() throws {}
}
