extension AttributeSchema {
    /// The names and kinds in bytes, to be compared with those of a file.
    var bytes: [UInt8] {
        var encoder = ByteEncoder()
        for attribute in attributes {
            encoder.append(attribute.name.utf8)
            switch attribute.kind {
            case .text: encoder.append(UInt8(0))
            case .number: encoder.append(UInt8(1))
            case .flag: encoder.append(UInt8(2))
            }
        }
        return encoder.bytes
    }
}

extension ByteEncoder {
    /// Appends the attributes of an entry: their number, and for each what it is, 0 for nothing, 1 for an ordinal, 2 for a text, and its
    /// value.
    mutating func append(_ row: AttributeRow) {
        append(UInt32(row.count))
        for value in row {
            switch value {
            case nil: append(UInt8(0))
            case .ordinal(let ordinal):
                append(UInt8(1))
                append(ordinal)
            case .text(let text):
                append(UInt8(2))
                append(text)
            }
        }
    }
}

extension ByteDecoder {
    /// Reads the attributes of an entry.
    mutating func attributes() -> AttributeRow? {
        guard let count = number(UInt32.self), Int(count) <= AttributeSchema.largestCount else { return nil }
        var row: AttributeRow = []
        for _ in 0..<count {
            switch number(UInt8.self) {
            case 0: row.append(nil)
            case 1:
                guard let ordinal = number(UInt64.self), ordinal != 0 else { return nil }
                row.append(.ordinal(ordinal))
            case 2:
                guard let text = run() else { return nil }
                row.append(.text(Array(text)))
            default: return nil
            }
        }
        return row
    }
}
