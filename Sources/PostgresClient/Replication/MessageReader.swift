/// Reads the fields of a message of the replication protocol, in network byte order.
struct MessageReader {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    /// Whether all bytes have been read.
    var isAtEnd: Bool { rest.isEmpty }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws(ReplicationProblem) -> Value
    {
        let size = MemoryLayout<Value>.size
        guard rest.count >= size else { throw ReplicationProblem("a message ends too early") }
        let value = Value(bigEndian: rest.loadUnaligned(as: Value.self))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(size))
        return value
    }

    mutating func position() throws(ReplicationProblem) -> LogSequenceNumber {
        LogSequenceNumber(rawValue: try integer())
    }

    mutating func bytes(_ count: Int) throws(ReplicationProblem) -> UnsafeRawBufferPointer {
        guard count >= 0, rest.count >= count else { throw ReplicationProblem("a message ends too early") }
        let bytes = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        return bytes
    }

    /// The bytes that have not been read.
    mutating func remaining() -> UnsafeRawBufferPointer {
        defer { rest = UnsafeRawBufferPointer(start: nil, count: 0) }
        return rest
    }

    /// A text that ends with a zero byte.
    mutating func text() throws(ReplicationProblem) -> String {
        guard let end = rest.firstIndex(of: 0) else { throw ReplicationProblem("a text of a message has no end") }
        let text = String(decoding: rest[..<end], as: UTF8.self)
        rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        return text
    }
}

/// A message of the replication stream that is not as the protocol has it.
package struct ReplicationProblem: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
