package import Millrace

/// The layout of keys in a store's engine: the user's keys, and a few keys about the store itself.
///
/// Users' keys are stored unchanged, so that a get and a step of a scan cost nothing extra: there is no prefix to copy, and no
/// second column family. The store's internal keys are `marker 0x00 name`. Only a user's key that itself begins with the marker is
/// changed, to `marker 0x01 rest`. That keeps all keys distinct and preserves their order: the keys that begin with the marker stay
/// together and in their order. All others are recognized by their first bytes.
package enum StoreKeyLayout {
    /// 0xFF begins no UTF-8 text and no small number. The following bytes make a collision unlikely; it need not be impossible.
    private static let marker: [UInt8] = [0xFF] + Array("millrace".utf8)
    private static let metadata: UInt8 = 0
    private static let moved: UInt8 = 1

    /// The changelog position: 8 bytes, big endian.
    package static let position = marker + [metadata] + Array("position".utf8)
    /// The positions in several partitions: for each 4 bytes of partition and 8 of position, big endian.
    package static let positions = marker + [metadata] + Array("positions".utf8)
    /// The version of the format: 4 bytes, big endian.
    package static let format = marker + [metadata] + Array("format".utf8)

    /// Calls `body` with the key under which a user's key is stored.
    @inline(__always)
    package static func withStoredKey<Result>(
        of key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        guard isMoved(key) else { return try body(key) }
        return try storedKey(of: Array(key)).withUnsafeBytes(body)
    }

    /// Returns the changelog position in a batch; `nil` if there is none.
    package static func position(in writes: [StoreWrite]) -> Int64? {
        guard let last = writes.last, last.key.elementsEqual(position) else { return nil }
        return last.value.flatMap { Int64(bigEndianBytes: $0) }
    }

    /// Whether a user's key is stored under a different one.
    @inline(__always)
    static func isMoved(_ key: UnsafeRawBufferPointer) -> Bool { key.first == 0xFF && key.starts(with: marker) }

    /// Whether everything below a bound is a user's key.
    static func isBelowMetadataKeys(_ bound: [UInt8]) -> Bool { bound.lexicographicallyPrecedes(marker) }

    /// Returns the key under which a user's key, or a bound of users' keys, is stored.
    package static func storedKey(of key: [UInt8]) -> [UInt8] {
        guard key.starts(with: marker) else { return key }
        return marker + [moved] + key.dropFirst(marker.count)
    }

    /// Calls `body` with the user's key for a stored key; returns `nil` for an internal key of the store.
    @inline(__always)
    package static func withUserKey<Result>(
        of stored: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        guard stored.first == 0xFF, stored.starts(with: marker) else { return try body(stored) }
        guard stored.count > marker.count, stored[marker.count] == moved else { return nil }
        return try (marker + stored.dropFirst(marker.count + 1)).withUnsafeBytes(body)
    }
}
