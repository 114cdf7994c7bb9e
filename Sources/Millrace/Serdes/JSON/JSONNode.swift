/// One element of a JSON text: its location, and what the scan finds out about it.
///
/// The nodes of a text are in one array in the order of the text: a container before its contents, a key before its value.
@usableFromInline
struct JSONNode {
    @usableFromInline
    enum Kind: UInt8 {
        case null, `true`, `false`, number, string, array, object
    }

    // 24 bytes, so that the nodes of most texts fit on the stack.
    @usableFromInline var kind: Kind
    /// For a string: whether it contains a backslash. For an object: whether one of its keys has a backslash or is not
    /// ASCII.
    @usableFromInline var isIntricate = false
    /// For a number: the power of ten by which `word` is to be multiplied; `Int16.min` if the digits do not fit.
    @usableFromInline var exponent: Int16 = 0
    /// The offset of its beginning in the text; for a string, after the quotation mark.
    @usableFromInline var start: UInt32
    /// The offset after its last byte; for a string, of the quotation mark.
    @usableFromInline var end: UInt32
    /// The node after this one and everything in it; for a container that is still open, the container around it.
    @usableFromInline var next: UInt32
    /// For a number: its digits. For a string: its length and first bytes, which settle most comparisons (``word(of:)``).
    /// For a container: the number of its elements or members.
    @usableFromInline var word: UInt64

    /// The length, up to 255, and the first seven bytes of a string.
    static func word(of bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let count = bytes.count
        let raw = UnsafeRawBufferPointer(bytes)
        var first: UInt64 = 0
        if count >= 8 {
            first = UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self))
        } else if count >= 4 {
            // Two halves that overlap.
            let last = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            first = UInt64(UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self)))
            first |= UInt64(last) << UInt64(8 * (count - 4))
        } else {
            for index in 0..<count { first |= UInt64(raw[index]) << UInt64(8 * index) }
        }
        return UInt64(min(count, 255)) | first << 8
    }
}
