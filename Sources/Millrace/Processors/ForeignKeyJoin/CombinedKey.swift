/// The keys of a store of subscriptions: 4 bytes of length, the foreign key, the primary key. All subscriptions to a foreign
/// key are adjacent. Kafka: `CombinedKeySchema`.
@usableFromInline
enum CombinedKey {
    /// Returns the prefix of the keys of all subscriptions to a foreign key.
    @inlinable
    static func prefix<ForeignKey>(_ foreignKey: ForeignKey, _ serde: Serde<ForeignKey>) throws -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 0, 0]
        try serde.serialize(foreignKey, into: &bytes)
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: bytes.count - 4).bigEndian) { length in
            for index in 0..<4 { bytes[index] = length[index] }
        }
        return bytes
    }

    /// Returns the first key after those with a prefix. The length comes first, so a prefix never consists of 0xff bytes
    /// only.
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
