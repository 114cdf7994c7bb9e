package import Millrace

/// How keys lie in a store's engine, beside the few that are kept about the store itself.
///
/// Users' keys are stored as they are, so that a get and a step of a scan cost nothing extra: no prefix to copy in front, no
/// second column family. The store's own keys are `marker 0x00 name`, and only a user's key that itself begins with the
/// marker is moved out of their way, to `marker 0x01 rest`. That keeps every key distinct and the bytes' order as it was: the
/// keys with the marker in front stay together and in their order. All others are told apart by their first byte.
package enum StoreKeyLayout {
    /// 0xFF begins no UTF-8 text and no small number; what follows makes a collision unlikely, and it need not be impossible.
    private static let marker: [UInt8] = [0xFF] + Array("millrace".utf8)
    private static let own: UInt8 = 0
    private static let moved: UInt8 = 1

    /// The changelog position: 8 bytes, big endian.
    package static let position = marker + [own] + Array("position".utf8)
    /// The positions in several partitions: for each 4 bytes of partition and 8 of position, big endian.
    package static let positions = marker + [own] + Array("positions".utf8)
    /// The version of the format: 4 bytes, big endian.
    package static let format = marker + [own] + Array("format".utf8)

    /// Calls `body` with the key under which a user's key is stored.
    @inline(__always)
    package static func withStoredKey<Result>(
        of key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        guard isMoved(key) else { return try body(key) }
        return try storedKey(of: Array(key)).withUnsafeBytes(body)
    }

    /// The changelog position that a batch brings; `nil` where it brings none.
    package static func position(in writes: [StoreWrite]) -> Int64? {
        guard let last = writes.last, last.key.elementsEqual(position) else { return nil }
        return last.value.flatMap { Int64(bigEndianBytes: $0) }
    }

    /// Whether a user's key is stored under another one.
    @inline(__always)
    static func isMoved(_ key: UnsafeRawBufferPointer) -> Bool { key.first == 0xFF && key.starts(with: marker) }

    /// Whether everything below a bound is users' keys.
    static func isBelowOwnKeys(_ bound: [UInt8]) -> Bool { bound.lexicographicallyPrecedes(marker) }

    /// The key under which a user's key, or a bound of users' keys, is stored.
    package static func storedKey(of key: [UInt8]) -> [UInt8] {
        guard key.starts(with: marker) else { return key }
        return marker + [moved] + key.dropFirst(marker.count)
    }

    /// Calls `body` with the user's key that is stored under a key; returns `nil` for a key of the store's own.
    @inline(__always)
    package static func withUserKey<Result>(
        of stored: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result? {
        guard stored.first == 0xFF, stored.starts(with: marker) else { return try body(stored) }
        guard stored.count > marker.count, stored[marker.count] == moved else { return nil }
        return try (marker + stored.dropFirst(marker.count + 1)).withUnsafeBytes(body)
    }
}
