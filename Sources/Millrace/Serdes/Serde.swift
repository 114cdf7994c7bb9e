/// The way in which values of one type become bytes and are read back.
///
/// ```swift
/// builder.stream("readings", key: .uuid, value: .double)
/// builder.stream("files", key: .bytes, value: .data)
/// builder.stream("switches", key: .int16, value: .bool)
/// builder.stream("gauges", key: .int32, value: .float)
/// builder.stream("totals", key: .string, value: .int64)
/// builder.stream("visits", key: .sessionWindowed(.string), value: .int64)
/// let lengths = Serde<Int>(
///     name: "length",
///     serialize: { length, buffer in buffer.append(UInt8(clamping: length)) },
///     deserialize: { bytes in
///         guard bytes.count == 1 else { throw SerdeError(type: "length", message: "\(bytes.count) bytes") }
///         return Int(bytes[0])
///     })
/// var buffer: [UInt8] = []
/// try lengths.serialize(7, into: &buffer)
/// let length = try buffer.withUnsafeBytes { try lengths.deserialize($0) }
/// let same = try lengths.value(from: lengths.bytes(of: 7))
/// ```
///
/// Both directions work on memory that is reused for every record: serialising appends to a buffer, deserialising reads from
/// a buffer that is valid only during the call. Null never reaches a serde: a null key or value stays null. The formats of
/// the built-in serdes are those of `org.apache.kafka.common.serialization.Serdes`.
public struct Serde<Value>: Sendable {
    /// The name of the type in error messages.
    public let name: String
    @usableFromInline let write: @Sendable (Value, inout [UInt8]) throws -> Void
    @usableFromInline let read: @Sendable (UnsafeRawBufferPointer) throws -> Value
    /// The number of bytes at the end that are not used to choose a key's partition: those of a window, so that all windows
    /// of a key are in one partition. Kafka: `WindowedStreamPartitioner`.
    @usableFromInline package let partitioningSuffixCount: Int
    /// The text form of the bytes; `nil` for a serde that has none. It is not needed to process records.
    @usableFromInline let text: SerdeText?

    /// Makes a serde of two functions.
    ///
    /// - Parameters:
    ///   - name: the name of the type in error messages; the type's own name by default.
    ///   - serialize: appends the value's bytes to the buffer and leaves its present contents unchanged.
    ///   - deserialize: reads the value; the buffer is not valid after the call. Throws if the bytes are not such a value.
    public init(
        name: String = String(describing: Value.self),
        serialize: @escaping @Sendable (_ value: Value, _ buffer: inout [UInt8]) throws -> Void,
        deserialize: @escaping @Sendable (_ bytes: UnsafeRawBufferPointer) throws -> Value
    ) {
        self.init(
            name: name, serialize: serialize, deserialize: deserialize, partitioningSuffixCount: 0)
    }

    @usableFromInline
    package init(
        name: String, serialize: @escaping @Sendable (_ value: Value, _ buffer: inout [UInt8]) throws -> Void,
        deserialize: @escaping @Sendable (_ bytes: UnsafeRawBufferPointer) throws -> Value,
        partitioningSuffixCount: Int
    ) {
        self.init(
            name: name, serialize: serialize, deserialize: deserialize,
            partitioningSuffixCount: partitioningSuffixCount, text: nil)
    }

    init(
        name: String, serialize: @escaping @Sendable (_ value: Value, _ buffer: inout [UInt8]) throws -> Void,
        deserialize: @escaping @Sendable (_ bytes: UnsafeRawBufferPointer) throws -> Value,
        partitioningSuffixCount: Int, text: SerdeText?
    ) {
        self.text = text
        self.name = name
        self.write = serialize
        self.read = deserialize
        self.partitioningSuffixCount = partitioningSuffixCount
    }

    /// Appends the value's bytes to the buffer.
    ///
    /// - Parameters:
    ///   - value: the value.
    ///   - buffer: where the bytes are appended.
    /// - Throws: what the serde's closure throws, such as a `SerdeError` or an `EncodingError`.
    @inlinable
    public func serialize(_ value: Value, into buffer: inout [UInt8]) throws {
        try write(value, &buffer)
    }

    /// Reads a value from bytes.
    ///
    /// - Throws: what the serde's closure throws, such as a `SerdeError` or a `DecodingError`.
    @inlinable
    public func deserialize(_ bytes: UnsafeRawBufferPointer) throws -> Value {
        try read(bytes)
    }

    /// Returns the value's bytes in a new array.
    ///
    /// - Throws: what the serde's closure throws, such as a `SerdeError` or an `EncodingError`.
    public func bytes(of value: Value) throws -> [UInt8] {
        var buffer: [UInt8] = []
        try write(value, &buffer)
        return buffer
    }

    /// Reads a value from an array of bytes.
    ///
    /// - Throws: what the serde's closure throws, such as a `SerdeError` or a `DecodingError`.
    public func value(from bytes: [UInt8]) throws -> Value {
        try bytes.withUnsafeBytes { try read($0) }
    }
}

/// A type that knows its own serde, so that none need be named where its values are read or written.
public protocol DefaultSerde {
    /// The serde of values of this type where none is named.
    static var defaultSerde: Serde<Self> { get }
}

extension Serde {
    /// The default serde of the type, if it has one.
    @usableFromInline
    static var ofType: Serde<Value>? {
        guard let type = Value.self as? any DefaultSerde.Type else { return nil }
        func open<T: DefaultSerde>(_ type: T.Type) -> Serde<Value>? { T.defaultSerde as? Serde<Value> }
        return open(type)
    }
}

/// An error about bytes that are not a value of the serde's type.
public struct SerdeError: Error, CustomStringConvertible {
    /// The type that was to be read or written.
    public let type: String
    /// The description of the problem.
    public let message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - type: the type that was to be read or written.
    ///   - message: the description of the problem.
    public init(type: String, message: String) {
        self.type = type
        self.message = message
    }

    public var description: String { "not a \(type): \(message)" }

    static func wrongSize(_ type: String, _ size: Int, expected: Int) -> SerdeError {
        SerdeError(type: type, message: "\(size) bytes instead of \(expected)")
    }
}
