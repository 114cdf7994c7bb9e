/// Appends numbers and bytes to an array, little-endian.
struct ByteEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func append<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ run: some Collection<UInt8>) {
        append(UInt32(truncatingIfNeeded: run.count))
        bytes.append(contentsOf: run)
    }

    /// Appends bytes without their number.
    mutating func append(unprefixed run: some Collection<UInt8>) { bytes.append(contentsOf: run) }

    /// Appends the checksum of everything so far.
    mutating func appendChecksum() { append(bytes.withUnsafeBytes { Checksum.crc32c(of: $0) }) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}

/// Reads what a `ByteEncoder` has written. What is too short or too long reads as `nil`.
struct ByteDecoder {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }
    var restCount: Int { rest.count }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        guard rest.count >= MemoryLayout<Number>.size else { return nil }
        let number = Number(littleEndian: rest.loadUnaligned(as: Number.self))
        rest = UnsafeRawBufferPointer(rebasing: rest[MemoryLayout<Number>.size...])
        return number
    }

    /// Reads a number that counts something.
    mutating func count() -> Int? { number(UInt64.self).flatMap { Int(exactly: $0) } }

    mutating func run() -> UnsafeRawBufferPointer? {
        guard let count = number(UInt32.self), count <= rest.count else { return nil }
        return take(Int(count))
    }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, count <= rest.count else { return nil }
        let run = UnsafeRawBufferPointer(rebasing: rest[..<count])
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        return run
    }
}
