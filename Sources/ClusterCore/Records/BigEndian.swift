extension Array where Element == UInt8 {
    /// Overwrites the bytes at an index.
    @inline(__always)
    package mutating func storeBigEndian<Number: FixedWidthInteger>(_ number: Number, at index: Int) {
        precondition(index >= 0 && index + MemoryLayout<Number>.size <= count)
        withUnsafeMutableBytes { $0.storeBytes(of: number.bigEndian, toByteOffset: index, as: Number.self) }
    }

    /// Adds the number's bytes, the most significant first.
    @inline(__always)
    package mutating func appendBigEndian<Number: FixedWidthInteger>(_ number: Number) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    /// Reads the number at an index.
    @inline(__always)
    package func loadBigEndian<Number: FixedWidthInteger>(at index: Int) -> Number {
        precondition(index >= 0 && index + MemoryLayout<Number>.size <= count)
        return withUnsafeBytes { Number(bigEndian: $0.loadUnaligned(fromByteOffset: index, as: Number.self)) }
    }
}

extension ArraySlice where Element == UInt8 {
    /// Reads the number at an index of the slice.
    @inline(__always)
    package func loadBigEndian<Number: FixedWidthInteger>(at index: Int) -> Number {
        precondition(index >= startIndex && index + MemoryLayout<Number>.size <= endIndex)
        return withUnsafeBytes {
            Number(bigEndian: $0.loadUnaligned(fromByteOffset: index - startIndex, as: Number.self))
        }
    }
}
