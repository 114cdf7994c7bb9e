/// CRC-32C (Castagnoli), the checksum of record batches; sixteen bytes a step by tables.
package enum CRC32C {
    /// `tables[k][b]`, flattened: the checksum of byte b followed by k zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var value = UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<(16 * 256) {
            let before = tables[index - 256]
            tables[index] = (before >> 8) ^ tables[Int(before & 0xFF)]
        }
        return tables
    }()

    /// The checksum of the bytes.
    package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        tables.withUnsafeBufferPointer { tables in
            var value: UInt32 = 0xFFFF_FFFF
            var index = 0
            while index + 16 <= bytes.count {
                let first = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let second = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 8, as: UInt64.self))
                value = advanced(first ^ UInt64(value), by: tables, 8) ^ advanced(second, by: tables, 0)
                index += 16
            }
            while index < bytes.count {
                value = (value >> 8) ^ tables[Int((value ^ UInt32(bytes[index])) & 0xFF)]
                index += 1
            }
            return ~value
        }
    }

    /// The contribution of eight bytes that are followed by this many others.
    @inline(__always)
    private static func advanced(_ word: UInt64, by tables: UnsafeBufferPointer<UInt32>, _ following: Int) -> UInt32 {
        var value: UInt32 = 0
        for byte in 0..<8 {
            value ^= tables[(following + 7 - byte) * 256 + Int((word >> (8 * UInt64(byte))) & 0xFF)]
        }
        return value
    }

    /// The checksum of the bytes.
    package static func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0) }
    }
}

extension Array where Element == UInt8 {
    /// The checksum that the header of the batch in this array should carry.
    func recordBatchChecksum() -> UInt32 {
        withUnsafeBytes { bytes in
            CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[RecordBatchHeader.attributesPosition...]))
        }
    }
}
