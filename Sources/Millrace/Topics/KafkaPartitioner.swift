/// Kafka's mapping from a key to a partition: murmur2 of the key's bytes.
public enum KafkaPartitioner {
    /// The partition of a key, as Kafka's default partitioner and librdkafka's `murmur2` choose it.
    ///
    /// - Parameters:
    ///   - key: the key's bytes; partition 0 for a null key, for which Kafka lets the producer choose.
    ///   - count: how many partitions the topic has; at least 1.
    public static func partition(for key: UnsafeRawBufferPointer?, count: Int32) -> Int32 {
        guard let key, count > 0 else { return 0 }
        return Int32(bitPattern: murmur2(key) & 0x7fff_ffff) % count
    }

    /// `org.apache.kafka.common.utils.Utils.murmur2`.
    static func murmur2(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        let multiplier: UInt32 = 0x5bd1_e995
        var hash: UInt32 = 0x9747_b28c ^ UInt32(truncatingIfNeeded: bytes.count)
        let wholeWords = bytes.count / 4
        for word in 0..<wholeWords {
            var part = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: word * 4, as: UInt32.self))
            part = part &* multiplier
            part ^= part >> 24
            part = part &* multiplier
            hash = (hash &* multiplier) ^ part
        }
        let tail = bytes.dropFirst(wholeWords * 4)
        if !tail.isEmpty {
            for (index, byte) in tail.enumerated() { hash ^= UInt32(byte) << (8 * UInt32(index)) }
            hash = hash &* multiplier
        }
        hash ^= hash >> 13
        hash = hash &* multiplier
        return hash ^ (hash >> 15)
    }
}
