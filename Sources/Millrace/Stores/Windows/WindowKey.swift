/// The bytes after a key in a window store: 8 of the window's start and 4 of a sequence number, big endian.
@usableFromInline
package enum WindowKey {
    @usableFromInline package static let suffixCount = 12
    /// The sequence number of the remembered entry of a closed window; it directly follows the window. Others are not
    /// negative.
    @usableFromInline package static let remembered: Int32 = -1

    @inlinable
    package static func append(startMs: Int64, sequenceNumber: Int32, to buffer: inout [UInt8]) {
        withUnsafeBytes(of: startMs.bigEndian) { buffer.append(contentsOf: $0) }
        withUnsafeBytes(of: sequenceNumber.bigEndian) { buffer.append(contentsOf: $0) }
    }

    @inlinable
    package static func startMs(of bytes: UnsafeRawBufferPointer) -> Int64 {
        guard bytes.count >= suffixCount else { return 0 }
        return Int64(bigEndian: bytes.loadUnaligned(fromByteOffset: bytes.count - suffixCount, as: Int64.self))
    }

    /// Whether an entry is not a result of its window, but what the store remembers of it for the sake of other windows.
    @inlinable
    package static func isRemembered(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count >= suffixCount else { return false }
        return bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: Int32.self) == remembered
    }

    @inlinable
    package static func key(of bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes.dropLast(suffixCount))
    }
}
