/// A 128-bit hash of a value's bytes: murmur3, as Kafka Streams computes it (`Murmur3.hash128`, seed 104729).
@usableFromInline
package struct ValueHash: Hashable, Sendable {
    @usableFromInline package var first: UInt64
    @usableFromInline package var second: UInt64

    @usableFromInline
    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The hash of bytes.
    @usableFromInline
    package init(of bytes: UnsafeRawBufferPointer) {
        (first, second) = (Self.seed, Self.seed)
        let blocks = bytes.count / 16
        for block in 0..<blocks { mix(block: UnsafeRawBufferPointer(rebasing: bytes[block * 16..<block * 16 + 16])) }
        mix(tail: UnsafeRawBufferPointer(rebasing: bytes[(blocks * 16)...]))
        first ^= UInt64(bytes.count)
        second ^= UInt64(bytes.count)
        first &+= second
        second &+= first
        first = Self.avalanche(first)
        second = Self.avalanche(second)
        first &+= second
        second &+= first
    }

    private static let seed: UInt64 = 104_729
    private static let (c1, c2): (UInt64, UInt64) = (0x87c3_7b91_1142_53d5, 0x4cf5_ad43_2745_937f)

    private mutating func mix(block: UnsafeRawBufferPointer) {
        first ^= Self.scatterFirst(UInt64(littleEndian: block.loadUnaligned(as: UInt64.self)))
        first = (first.rotated(left: 27) &+ second) &* 5 &+ 0x52dc_e729
        second ^= Self.scatterSecond(UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        second = (second.rotated(left: 31) &+ first) &* 5 &+ 0x3849_5ab5
    }

    private mutating func mix(tail: UnsafeRawBufferPointer) {
        var (low, high): (UInt64, UInt64) = (0, 0)
        for (index, byte) in tail.enumerated() {
            if index < 8 { low |= UInt64(byte) << (8 * index) } else { high |= UInt64(byte) << (8 * (index - 8)) }
        }
        // Both leave a half unchanged if it has no bytes.
        second ^= Self.scatterSecond(high)
        first ^= Self.scatterFirst(low)
    }

    private static func scatterFirst(_ half: UInt64) -> UInt64 { (half &* c1).rotated(left: 31) &* c2 }

    private static func scatterSecond(_ half: UInt64) -> UInt64 { (half &* c2).rotated(left: 33) &* c1 }

    private static func avalanche(_ half: UInt64) -> UInt64 {
        var half = half
        half ^= half >> 33
        half = half &* 0xff51_afd7_ed55_8ccd
        half ^= half >> 33
        half = half &* 0xc4ce_b9fe_1a85_ec53
        return half ^ half >> 33
    }
}

extension UInt64 {
    fileprivate func rotated(left count: UInt64) -> UInt64 { self << count | self >> (64 - count) }
}

extension ValueHash {
    /// Appends the 16 bytes, big endian.
    func append(to buffer: inout [UInt8]) {
        for half in [first, second] { withUnsafeBytes(of: half.bigEndian) { buffer.append(contentsOf: $0) } }
    }

    /// Reads the 16 bytes at an offset; `nil` if there are fewer.
    init?(in bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard bytes.count >= offset + 16 else { return nil }
        first = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        second = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
    }
}
