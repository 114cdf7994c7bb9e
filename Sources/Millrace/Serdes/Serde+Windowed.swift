extension Serde {
    /// A key in a time window: the key, then 8 bytes of the window's start, big endian.
    ///
    /// ```swift
    /// let key = Serde.timeWindowed(.string, size: .seconds(60))
    /// ```
    ///
    /// Kafka: `TimeWindowedSerializer`, `TimeWindowedDeserializer`. The end is not in the bytes but follows from the size.
    ///
    /// - Parameters:
    ///   - key: the serde of the key inside.
    ///   - size: the windows' size, which determines their ends.
    public static func timeWindowed<Key>(
        _ key: Serde<Key>, size: Duration
    ) -> Serde<Value> where Value == Windowed<Key> {
        timeWindowed(key, sizeMs: size.wholeMilliseconds)
    }

    @usableFromInline
    package static func timeWindowed<Key>(
        _ key: Serde<Key>, sizeMs: Int64
    ) -> Serde<Value> where Value == Windowed<Key> {
        let name = "windowed \(key.name)"
        return Serde(
            name: name,
            serialize: { windowed, buffer in
                try key.serialize(windowed.key, into: &buffer)
                buffer.append(bigEndian: windowed.window.startMs)
            },
            deserialize: { bytes in
                guard bytes.count >= 8 else { throw SerdeError(type: name, message: "\(bytes.count) bytes") }
                return Windowed(
                    key: try key.deserialize(UnsafeRawBufferPointer(rebasing: bytes.dropLast(8))),
                    window: Window(startMs: bytes.int64(at: bytes.count - 8), sizeMs: sizeMs))
            },
            partitioningSuffixCount: 8,
            text: .windowed(key.erased, suffixCount: 8) { bytes in
                Window(startMs: bytes.int64(at: bytes.count - 8), sizeMs: sizeMs)
            } suffix: { startMs, endMs in
                endMs == nil || endMs == Window(startMs: startMs, sizeMs: sizeMs).endMs
                    ? [UInt8]().appending(startMs) : nil
            })
    }

    /// A key in a session: the key, then 8 bytes of the session's end and 8 of its start, big endian.
    ///
    /// Kafka: `SessionWindowedSerializer`, `SessionWindowedDeserializer`.
    public static func sessionWindowed<Key>(_ key: Serde<Key>) -> Serde<Value> where Value == Windowed<Key> {
        let name = "session-windowed \(key.name)"
        return Serde(
            name: name,
            serialize: { windowed, buffer in
                try key.serialize(windowed.key, into: &buffer)
                buffer.append(bigEndian: windowed.window.endMs)
                buffer.append(bigEndian: windowed.window.startMs)
            },
            deserialize: { bytes in
                guard bytes.count >= 16 else { throw SerdeError(type: name, message: "\(bytes.count) bytes") }
                return Windowed(
                    key: try key.deserialize(UnsafeRawBufferPointer(rebasing: bytes.dropLast(16))),
                    window: Window(
                        startMs: bytes.int64(at: bytes.count - 8), endMs: bytes.int64(at: bytes.count - 16)))
            },
            partitioningSuffixCount: 16,
            text: .windowed(key.erased, suffixCount: 16) { bytes in
                Window(startMs: bytes.int64(at: bytes.count - 8), endMs: bytes.int64(at: bytes.count - 16))
            } suffix: { startMs, endMs in
                endMs.map { [UInt8]().appending($0).appending(startMs) }
            })
    }
}

extension [UInt8] {
    fileprivate func appending(_ value: Int64) -> [UInt8] {
        var bytes = self
        bytes.append(bigEndian: value)
        return bytes
    }

    fileprivate mutating func append(bigEndian value: Int64) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func int64(at offset: Int) -> Int64 {
        Int64(bigEndian: loadUnaligned(fromByteOffset: offset, as: Int64.self))
    }
}
