extension Serde {
    /// A value after its timestamp: 8 bytes of milliseconds, big endian. Kafka: `ValueAndTimestampSerde`.
    @inlinable
    package static func timestamped<Inner>(
        _ inner: Serde<Inner>
    ) -> Serde<Value> where Value == ValueAndTimestamp<Inner> {
        Serde(
            name: "timestamped \(inner.name)",
            serialize: { stored, buffer in
                withUnsafeBytes(of: stored.timestampMs.bigEndian) { buffer.append(contentsOf: $0) }
                try inner.serialize(stored.value, into: &buffer)
            },
            deserialize: { try TimestampedKeyValueStore<Inner, Inner>.decode($0, inner) })
    }
}
