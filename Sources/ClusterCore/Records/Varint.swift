/// Writes and reads the zigzag varints inside records.
enum Varint {
    /// The number's size in bytes.
    @inline(__always)
    static func size(_ number: Int64) -> Int {
        let zigzag = UInt64(bitPattern: (number << 1) ^ (number >> 63))
        return zigzag == 0 ? 1 : (70 - zigzag.leadingZeroBitCount) / 7
    }

    /// Adds the number's bytes.
    @inline(__always)
    static func append(_ number: Int64, to bytes: inout [UInt8]) {
        var rest = UInt64(bitPattern: (number << 1) ^ (number >> 63))
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Reads the number at the position and moves it on; nil if the bytes end first or the number has over 64 bits.
    @inline(__always)
    static func read(_ bytes: UnsafeRawBufferPointer, _ position: inout Int, limit: Int) -> Int64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < limit, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
            shift += 7
        }
        return nil
    }
}
