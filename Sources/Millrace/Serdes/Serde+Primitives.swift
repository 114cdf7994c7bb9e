extension Serde where Value: FixedWidthInteger & Sendable {
    /// Two's complement, big endian, as wide as the type: Kafka's `ShortSerializer`, `IntegerSerializer`, `LongSerializer`.
    static func bigEndian(_ name: String) -> Serde<Value> {
        Serde(
            name: name,
            serialize: { value, buffer in withUnsafeBytes(of: value.bigEndian) { buffer.append(contentsOf: $0) } },
            deserialize: { bytes in
                guard bytes.count == MemoryLayout<Value>.size else {
                    throw SerdeError.wrongSize(name, bytes.count, expected: MemoryLayout<Value>.size)
                }
                return Value(bigEndian: bytes.loadUnaligned(as: Value.self))
            })
    }
}

extension Serde where Value == Int16 {
    /// 2 bytes, big endian.
    public static var int16: Serde<Int16> { bigEndian("Int16").withText(.number(bigEndian("Int16"))) }
}

extension Serde where Value == Int32 {
    /// 4 bytes, big endian.
    public static var int32: Serde<Int32> { bigEndian("Int32").withText(.number(bigEndian("Int32"))) }
}

extension Serde where Value == Int64 {
    /// 8 bytes, big endian; counts are stored like this.
    public static var int64: Serde<Int64> { bigEndian("Int64").withText(.number(bigEndian("Int64"))) }
}

extension Serde where Value == Double {
    /// 8 bytes, IEEE 754, big endian.
    ///
    /// Every NaN is written as 7ff8000000000000, whatever its sign and payload, so that all NaNs are one key. −0 and 0 keep
    /// their bits and are two keys. Kafka: `DoubleSerializer`, which writes `Double.doubleToLongBits`.
    public static var double: Serde<Double> {
        let bits = Serde<UInt64>.bigEndian("Double")
        let serde = Serde(
            name: "Double",
            serialize: { try bits.serialize($0.isNaN ? 0x7ff8_0000_0000_0000 : $0.bitPattern, into: &$1) },
            deserialize: { Double(bitPattern: try bits.deserialize($0)) })
        return serde.withText(.number(serde))
    }
}

extension Serde where Value == Float {
    /// 4 bytes, IEEE 754, big endian.
    ///
    /// The bits are written unchanged, also those of a NaN. Kafka: `FloatSerializer`, which writes
    /// `Float.floatToRawIntBits`.
    public static var float: Serde<Float> {
        let bits = Serde<UInt32>.bigEndian("Float")
        let serde = Serde(
            name: "Float",
            serialize: { try bits.serialize($0.bitPattern, into: &$1) },
            deserialize: { Float(bitPattern: try bits.deserialize($0)) })
        return serde.withText(.number(serde))
    }
}

extension Serde where Value == Bool {
    /// One byte, 1 or 0; any other byte is an error.
    public static var bool: Serde<Bool> {
        let serde = Serde(
            name: "Bool",
            serialize: { $1.append($0 ? 1 : 0) },
            deserialize: { bytes in
                guard bytes.count == 1 else { throw SerdeError.wrongSize("Bool", bytes.count, expected: 1) }
                switch bytes[0] {
                case 0: return false
                case 1: return true
                default: throw SerdeError(type: "Bool", message: "byte \(bytes[0])")
                }
            })
        return serde.withText(.word(serde))
    }
}

extension Serde where Value == String {
    /// UTF-8. Bytes that are not UTF-8 are an error: replacing them, as Java does, would lose them.
    public static var string: Serde<String> {
        let serde = Serde(
            name: "String",
            serialize: { value, buffer in buffer.append(contentsOf: value.utf8) },
            deserialize: { bytes in
                guard let text = String(utf8: bytes) else {
                    throw SerdeError(type: "String", message: "invalid UTF-8 in \(bytes.count) bytes")
                }
                return text
            })
        return serde.withText(.quoted(serde, { $0 }, parse: { $0 }))
    }
}

extension String {
    /// The text of UTF-8; `nil` for other bytes.
    ///
    /// `String(validating:as:)` asks for the metadata of generic types at every call, which takes 50 ns. ASCII needs no
    /// validation and avoids that.
    @usableFromInline
    init?(utf8 bytes: UnsafeRawBufferPointer) {
        let text: String? =
            bytes.isASCII
            ? String(decoding: bytes.bindMemory(to: UInt8.self), as: UTF8.self)
            : String(validating: bytes.bindMemory(to: UInt8.self), as: UTF8.self)
        guard let text else { return nil }
        self = text
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var isASCII: Bool {
        var offset = 0
        var all: UInt64 = 0
        while offset + 8 <= count {
            all |= loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < count {
            all |= UInt64(self[offset])
            offset += 1
        }
        return all & 0x8080_8080_8080_8080 == 0
    }
}

extension Serde where Value == [UInt8] {
    /// The bytes themselves.
    public static var bytes: Serde<[UInt8]> {
        Serde(
            name: "bytes", serialize: { value, buffer in buffer.append(contentsOf: value) },
            deserialize: { Array($0) }
        ).withText(.bytes)
    }
}

extension Int16: DefaultSerde {
    /// The serde ``Serde/int16``.
    public static var defaultSerde: Serde<Int16> { .int16 }
}

extension Int32: DefaultSerde {
    /// The serde ``Serde/int32``.
    public static var defaultSerde: Serde<Int32> { .int32 }
}

extension Int64: DefaultSerde {
    /// The serde ``Serde/int64``.
    public static var defaultSerde: Serde<Int64> { .int64 }
}

extension Double: DefaultSerde {
    /// The serde ``Serde/double``.
    public static var defaultSerde: Serde<Double> { .double }
}

extension Float: DefaultSerde {
    /// The serde ``Serde/float``.
    public static var defaultSerde: Serde<Float> { .float }
}

extension Bool: DefaultSerde {
    /// The serde ``Serde/bool``.
    public static var defaultSerde: Serde<Bool> { .bool }
}

extension String: DefaultSerde {
    /// The serde ``Serde/string``.
    public static var defaultSerde: Serde<String> { .string }
}

extension Array: DefaultSerde where Element == UInt8 {
    /// The serde ``Serde/bytes``.
    public static var defaultSerde: Serde<[UInt8]> { .bytes }
}
