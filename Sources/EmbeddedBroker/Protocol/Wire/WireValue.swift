/// A type that a field of a message can have.
protocol WireValue: Sendable {
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> Self
    func write(to writer: inout WireWriter) throws(MalformedMessage)
}

/// A type whose length tells that there is no value.
protocol NullableWireValue: WireValue {
    static func readNullable(from reader: inout WireReader) throws(MalformedMessage) -> Self?
    static func writeNull(to writer: inout WireWriter) throws(MalformedMessage)
}

extension NullableWireValue {
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> Self {
        guard let value = try readNullable(from: &reader) else { throw MalformedMessage("null where a value must be") }
        return value
    }
}

extension WireValue where Self: FixedWidthInteger {
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> Self { try reader.integer() }
    func write(to writer: inout WireWriter) throws(MalformedMessage) { writer.integer(self) }
}

extension Int8: WireValue {}
extension Int16: WireValue {}
extension Int32: WireValue {}
extension Int64: WireValue {}

extension Bool: WireValue {
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> Bool {
        try reader.integer(UInt8.self) != 0
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        writer.integer(UInt8(self ? 1 : 0))
    }
}

extension String: NullableWireValue {
    static func readNullable(from reader: inout WireReader) throws(MalformedMessage) -> String? {
        guard let length = try reader.stringLength() else { return nil }
        return try reader.string(length)
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.stringLength(utf8.count)
        writer.string(self)
    }

    static func writeNull(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.stringLength(nil)
    }
}

extension Array: WireValue where Element: WireValue {}

extension Array: NullableWireValue where Element: WireValue {
    static func readNullable(from reader: inout WireReader) throws(MalformedMessage) -> [Element]? {
        guard let count = try reader.arrayCount() else { return nil }
        var elements: [Element] = []
        // The count is what the sender claims; the elements come one by one.
        elements.reserveCapacity(Swift.min(count, 1024))
        for _ in 0..<count {
            elements.append(try Element.read(from: &reader))
        }
        return elements
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.arrayCount(count)
        for element in self {
            try element.write(to: &writer)
        }
    }

    static func writeNull(to writer: inout WireWriter) throws(MalformedMessage) {
        try writer.arrayCount(nil)
    }
}

extension Optional: WireValue where Wrapped: NullableWireValue {
    static func read(from reader: inout WireReader) throws(MalformedMessage) -> Wrapped? {
        try Wrapped.readNullable(from: &reader)
    }

    func write(to writer: inout WireWriter) throws(MalformedMessage) {
        if let self {
            try self.write(to: &writer)
        } else {
            try Wrapped.writeNull(to: &writer)
        }
    }
}
