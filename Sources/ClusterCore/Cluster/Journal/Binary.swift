/// An error: the bytes are no encoded changes.
package struct ChangeFormatError: Error, Hashable, Sendable {}

/// Writes numbers big-endian, and texts and bytes with their length in front.
struct BinaryWriter: Sendable {
    var bytes: [UInt8] = []

    mutating func number(_ value: some FixedWidthInteger) { bytes.appendBigEndian(value) }
    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

    mutating func data(_ value: [UInt8]) {
        number(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func text(_ value: String) {
        number(UInt32(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func list<Element>(_ values: [Element], _ write: (inout BinaryWriter, Element) -> Void) {
        number(UInt32(values.count))
        for value in values { write(&self, value) }
    }

    mutating func optional<Value>(_ value: Value?, _ write: (inout BinaryWriter, Value) -> Void) {
        flag(value != nil)
        if let value { write(&self, value) }
    }

    mutating func optionalText(_ value: String?) { optional(value) { $0.text($1) } }

    /// By key in order.
    mutating func texts(_ values: [String: String]) {
        list(values.sorted { $0.key < $1.key }) {
            $0.text($1.key)
            $0.text($1.value)
        }
    }

    mutating func partition(_ value: TopicPartition) {
        text(value.topic)
        number(value.partition)
    }
}

/// Reads what ``BinaryWriter`` wrote; every read checks the bounds.
struct BinaryReader: Sendable {
    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    var isAtEnd: Bool { position >= bytes.count }

    private mutating func take(_ count: Int) throws(ChangeFormatError) -> Int {
        guard count >= 0, count <= bytes.count - position else { throw ChangeFormatError() }
        defer { position += count }
        return position
    }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self)
        throws(ChangeFormatError) -> Number
    {
        bytes.loadBigEndian(at: try take(MemoryLayout<Number>.size))
    }

    /// A number of bytes; the sum of two is a number, too.
    mutating func size() throws(ChangeFormatError) -> Int {
        guard let size = Int(exactly: try number(Int64.self)), (0...Int.max / 2).contains(size) else {
            throw ChangeFormatError()
        }
        return size
    }

    mutating func flag() throws(ChangeFormatError) -> Bool { try number(UInt8.self) != 0 }

    mutating func data() throws(ChangeFormatError) -> [UInt8] {
        let count = Int(try number(UInt32.self))
        let start = try take(count)
        return Array(bytes[start..<(start + count)])
    }

    mutating func text() throws(ChangeFormatError) -> String {
        let count = Int(try number(UInt32.self))
        let start = try take(count)
        return String(decoding: bytes[start..<(start + count)], as: UTF8.self)
    }

    mutating func list<Element>(_ read: (inout BinaryReader) throws(ChangeFormatError) -> Element)
        throws(ChangeFormatError) -> [Element]
    {
        let count = Int(try number(UInt32.self))
        guard count <= bytes.count - position else { throw ChangeFormatError() }
        var values: [Element] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    mutating func optional<Value>(_ read: (inout BinaryReader) throws(ChangeFormatError) -> Value)
        throws(ChangeFormatError) -> Value?
    {
        try flag() ? try read(&self) : nil
    }

    mutating func optionalText() throws(ChangeFormatError) -> String? {
        try flag() ? try text() : nil
    }

    mutating func texts() throws(ChangeFormatError) -> [String: String] {
        var values: [String: String] = [:]
        for _ in 0..<(try number(UInt32.self)) {
            let key = try text()
            values[key] = try text()
        }
        return values
    }

    mutating func partition() throws(ChangeFormatError) -> TopicPartition {
        let topic = try text()
        return TopicPartition(topic, try number())
    }
}
