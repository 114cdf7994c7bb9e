import ClusterCore
import NIOCore

/// Writes the values of one message, in order.
struct WireWriter: FieldCoder {
    /// The largest frame, more than any client accepts. The broker closes the connection of a request with a larger answer.
    static let mostBytes = 256 << 20

    let version: Int16
    /// Whether lengths are compact and structures end with tagged fields; a header and its body may differ in it.
    var isFlexible = false
    private var buffer: ByteBuffer

    /// Starts a frame: room for its size, which is known at the end.
    init(frameOfCapacity capacity: Int, version: Int16) {
        buffer = ByteBufferAllocator().buffer(capacity: capacity)
        buffer.writeInteger(Int32(0))
        self.version = version
    }

    /// The frame with its size in front.
    consuming func finishedFrame() throws(MalformedMessage) -> ByteBuffer {
        guard let size = Int32(exactly: buffer.readableBytes - MemoryLayout<Int32>.size) else {
            throw MalformedMessage("a message is too large")
        }
        buffer.setInteger(size, at: buffer.readerIndex)
        return buffer
    }

    mutating func code<Value: WireValue>(_ value: inout Value) throws(MalformedMessage) {
        try value.write(to: &self)
    }

    mutating func integer<Integer: FixedWidthInteger>(_ value: Integer) {
        buffer.writeInteger(value)
    }

    mutating func unsignedVarint(_ value: UInt32) {
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(rest))
    }

    mutating func stringLength(_ length: Int?) throws(MalformedMessage) {
        try checkRoom(for: length)
        if isFlexible {
            try compactLength(length)
        } else {
            guard let length = Int16(exactly: length ?? -1) else { throw MalformedMessage("a string is too long") }
            buffer.writeInteger(length)
        }
    }

    mutating func bytesLength(_ length: Int?) throws(MalformedMessage) {
        try checkRoom(for: length)
        if isFlexible {
            try compactLength(length)
        } else {
            guard let length = Int32(exactly: length ?? -1) else { throw MalformedMessage("a message is too large") }
            buffer.writeInteger(length)
        }
    }

    mutating func arrayCount(_ count: Int?) throws(MalformedMessage) {
        try bytesLength(count)
    }

    mutating func bytes(_ bytes: some Collection<UInt8>) {
        buffer.writeBytes(bytes)
    }

    mutating func string(_ string: String) {
        buffer.writeString(string)
    }

    /// Clients of librdkafka before 2.2 cannot read any in ApiVersions, and no client needs one from here.
    mutating func noTaggedFields() {
        if isFlexible { buffer.writeInteger(UInt8(0)) }
    }

    private func checkRoom(for length: Int?) throws(MalformedMessage) {
        guard (length ?? 0) <= Self.mostBytes - buffer.readableBytes else {
            throw MalformedMessage("a message is too large")
        }
    }

    private mutating func compactLength(_ length: Int?) throws(MalformedMessage) {
        guard let length = UInt32(exactly: (length ?? -1) + 1) else { throw MalformedMessage("a message is too large") }
        unsignedVarint(length)
    }
}
