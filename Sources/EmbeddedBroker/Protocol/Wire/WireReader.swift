import ClusterCore
import NIOCore

/// Reads the values of one message, in order, out of the bytes of its frame.
///
/// Nothing in those bytes is trusted: every length is held against the bytes that are left, and the elements of all
/// arrays together are bounded, so that a small frame cannot ask for a large amount of memory.
struct WireReader: FieldCoder {
    /// The limit on the elements of all arrays of one message together. Kafka's own clients stay far below it.
    static let mostElements = 1_000_000

    let version: Int16
    let isFlexible: Bool
    private(set) var buffer: ByteBuffer
    private var elementsLeft = WireReader.mostElements

    init(_ buffer: ByteBuffer, version: Int16, isFlexible: Bool) {
        self.buffer = buffer
        self.version = version
        self.isFlexible = isFlexible
    }

    var remainingBytes: Int { buffer.readableBytes }

    mutating func code<Value: WireValue>(_ value: inout Value) throws(MalformedMessage) {
        value = try Value.read(from: &self)
    }

    mutating func integer<Integer: FixedWidthInteger>(
        _: Integer.Type = Integer.self
    ) throws(MalformedMessage) -> Integer {
        guard let value = buffer.readInteger(as: Integer.self) else { throw .cutShort("an integer") }
        return value
    }

    /// An unsigned number in groups of seven bits, the lowest first; five bytes at most.
    mutating func unsignedVarint() throws(MalformedMessage) -> UInt32 {
        var value: UInt32 = 0
        for shift in stride(from: UInt32(0), through: 28, by: 7) {
            let byte: UInt8 = try integer()
            if shift == 28 && byte > 0x0f { throw MalformedMessage("a varint is too large") }
            value |= UInt32(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw MalformedMessage("a varint is too long")
    }

    /// The length of a string, or nil where it stands for null. As in Kafka, compact lengths reach no further than the
    /// old ones of 16 bits.
    mutating func stringLength() throws(MalformedMessage) -> Int? {
        guard isFlexible else { return try checkedLength(Int(try integer(Int16.self)), "a string") }
        let length = try compactLength("a string")
        if let length, length > Int(Int16.max) { throw MalformedMessage("a string has the length \(length)") }
        return length
    }

    /// The length of a sequence of bytes, or nil where it stands for null.
    mutating func bytesLength() throws(MalformedMessage) -> Int? {
        if isFlexible { return try compactLength("a byte sequence") }
        return try checkedLength(Int(try integer(Int32.self)), "a byte sequence")
    }

    /// The number of an array's elements, or nil where it stands for null.
    mutating func arrayCount() throws(MalformedMessage) -> Int? {
        // Every element takes a byte at least, so that the bytes which are left bound the count, too.
        let count =
            isFlexible ? try compactLength("an array") : try checkedLength(Int(try integer(Int32.self)), "an array")
        if let count {
            elementsLeft -= count
            if elementsLeft < 0 { throw MalformedMessage("more than \(Self.mostElements) array elements") }
        }
        return count
    }

    mutating func bytes(_ length: Int) throws(MalformedMessage) -> [UInt8] {
        guard let bytes = buffer.readBytes(length: length) else { throw .cutShort("a byte sequence") }
        return bytes
    }

    /// Invalid UTF-8 is replaced, as in Kafka's broker.
    mutating func string(_ length: Int) throws(MalformedMessage) -> String {
        guard let string = buffer.readString(length: length) else { throw .cutShort("a string") }
        return string
    }

    /// Skips the tagged fields at the end of a structure: none is needed here.
    mutating func skipTaggedFields() throws(MalformedMessage) {
        guard isFlexible else { return }
        let count = try unsignedVarint()
        // A tag and a size take a byte each at least.
        guard Int(count) <= remainingBytes / 2 else { throw .cutShort("a list of tagged fields") }
        for _ in 0..<count {
            _ = try unsignedVarint()
            let size = Int(try unsignedVarint())
            guard size <= remainingBytes else { throw .cutShort("a tagged field") }
            buffer.moveReaderIndex(forwardBy: size)
        }
    }

    /// Throws if more bytes follow.
    func expectEnd() throws(MalformedMessage) {
        guard remainingBytes == 0 else { throw MalformedMessage("\(remainingBytes) bytes after the message") }
    }

    private mutating func compactLength(_ what: String) throws(MalformedMessage) -> Int? {
        try checkedLength(Int(try unsignedVarint()) - 1, what)
    }

    private func checkedLength(_ length: Int, _ what: String) throws(MalformedMessage) -> Int? {
        if length == -1 { return nil }
        guard length >= 0 else { throw MalformedMessage("\(what) has the length \(length)") }
        guard length <= remainingBytes else { throw .cutShort(what) }
        return length
    }
}
