/// One element of a JSON text, where it stands and what can be known of it in passing.
///
/// The nodes of a text lie in one array in the order of the text: a container before what it holds, a key before its value.
@usableFromInline
struct JSONNode {
    @usableFromInline
    enum Kind: UInt8 {
        case null, `true`, `false`, number, string, array, object
    }

    // 24 bytes, so that the nodes of most texts fit on the stack.
    @usableFromInline var kind: Kind
    /// Of a string: a backslash is in it. Of an object: one of its keys has a backslash or is not ASCII.
    @usableFromInline var isIntricate = false
    /// Of a number: the power of ten that `word` is to be multiplied by; `Int16.min` where the digits do not fit.
    @usableFromInline var exponent: Int16 = 0
    /// Where it begins in the text; of a string, behind the quotation mark.
    @usableFromInline var start: UInt32
    /// Behind its last byte; of a string, before the quotation mark.
    @usableFromInline var end: UInt32
    /// The node behind this one and everything in it; while a container is open, the container around it.
    @usableFromInline var next: UInt32
    /// Of a number: its digits. Of a string: its length and first bytes, which settle most comparisons (``word(of:)``). Of
    /// a container: how many elements or members it has.
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
