/// The keys of a store of subscriptions: 4 bytes of length, the foreign key, the primary key. All subscriptions to a foreign
/// key stand together. Kafka: `CombinedKeySchema`.
@usableFromInline
enum CombinedKey {
    /// What the keys of all subscriptions to a foreign key begin with.
    @inlinable
    static func prefix<ForeignKey>(_ foreignKey: ForeignKey, _ serde: Serde<ForeignKey>) throws -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0]
        try serde.serialize(foreignKey, into: &bytes)
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count - 4).bigEndian) { length in
            for index in 0..<4 { bytes[index] = length[index] }
        }
        return bytes
    }

    /// The first key behind those with a prefix. The length comes first, so a prefix never consists of the last byte only.
    @inlinable
    static func end(of prefix: [UInt8]) -> [UInt8] {
        var end = prefix
        while let last = end.popLast() {
            if last < .max {
                end.append(last + 1)
                break
            }
        }
        return end
    }
}
