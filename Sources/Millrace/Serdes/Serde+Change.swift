extension Serde {
    /// The format of a grouped table's repartition topic, Kafka's `ChangedSerializer` after KIP-904.
    ///
    /// The last byte says what precedes it: 0 the old value, 1 the new value, 2 the new value's length as a zigzag varint,
    /// the new value, the old value. 3 to 5 are the same with an is-latest byte before the last one, which versioned tables
    /// of some releases write.
    @usableFromInline
    package static func change(of inner: Serde<Value>) -> Serde<Change<Value>> {
        let name = "Change<\(inner.name)>"
        return Serde<Change<Value>>(
            name: name,
            serialize: { change, buffer in
                switch (change.newValue, change.oldValue) {
                case (let new?, let old?):
                    let newBytes = try inner.bytes(of: new)
                    buffer.appendZigzagVarint(newBytes.count)
                    buffer.append(contentsOf: newBytes)
                    try inner.serialize(old, into: &buffer)
                    buffer.append(2)
                case (let new?, nil):
                    try inner.serialize(new, into: &buffer)
                    buffer.append(1)
                case (nil, let old?):
                    try inner.serialize(old, into: &buffer)
                    buffer.append(0)
                case (nil, nil):
                    throw SerdeError(type: name, message: "both values are null")
                }
            },
            deserialize: { bytes in try readChange(bytes, name: name, inner: inner) })
    }

    private static func readChange(
        _ bytes: UnsafeRawBufferPointer, name: String, inner: Serde<Value>
    ) throws -> Change<Value> {
        guard let flag = bytes.last else { throw SerdeError(type: name, message: "no bytes") }
        let trailer = flag >= 3 ? 2 : 1
        guard flag <= 5, bytes.count >= trailer else {
            throw SerdeError(type: name, message: "encoding flag \(flag)")
        }
        let body = UnsafeRawBufferPointer(rebasing: bytes.dropLast(trailer))
        switch flag % 3 {
        case 0: return Change(newValue: nil, oldValue: try inner.deserialize(body))
        case 1: return Change(newValue: try inner.deserialize(body), oldValue: nil)
        default:
            guard let (length, width) = body.readZigzagVarint(), length >= 0, length <= body.count - width else {
                throw SerdeError(type: name, message: "the new value's length is out of bounds")
            }
            let new = UnsafeRawBufferPointer(rebasing: body[width..<(width + length)])
            let old = UnsafeRawBufferPointer(rebasing: body[(width + length)...])
            return Change(newValue: try inner.deserialize(new), oldValue: try inner.deserialize(old))
        }
    }
}

extension [UInt8] {
    /// Protocol Buffers' zigzag varint, as Kafka's `ByteUtils.writeVarint`.
    fileprivate mutating func appendZigzagVarint(_ value: Int) {
        let small = Int32(truncatingIfNeeded: value)
        var rest = UInt32(bitPattern: (small << 1) ^ (small >> 31))
        while rest >= 0x80 {
            append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func readZigzagVarint() -> (value: Int, width: Int)? {
        var raw: UInt32 = 0
        for (index, byte) in prefix(5).enumerated() {
            raw |= UInt32(byte & 0x7f) << (7 * UInt32(index))
            if byte & 0x80 == 0 {
                return (Int(Int32(bitPattern: raw >> 1) ^ -Int32(bitPattern: raw & 1)), index + 1)
            }
        }
        return nil
    }
}
