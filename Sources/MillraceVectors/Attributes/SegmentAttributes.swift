/// The attributes of a segment's rows as one section: the schema, the sizes of the columns, and the columns.
struct SegmentAttributes: Sendable {
    let columns: [AttributeColumn]

    /// Reads a section; `nil` if it is damaged, or of another schema. Without attributes the section is empty.
    init?(_ section: UnsafeRawBufferPointer, rowCount: Int, schema: AttributeSchema) {
        if schema.attributes.isEmpty {
            columns = []
            if section.isEmpty { return }
            return nil
        }
        var decoder = ByteDecoder(section)
        guard let names = decoder.run(), names.elementsEqual(schema.bytes) else { return nil }
        var sizes: [(valueCount: Int, textSize: Int)] = []
        for _ in schema.attributes {
            guard let valueCount = decoder.count(), let textSize = decoder.count() else { return nil }
            sizes.append((valueCount, textSize))
        }
        var offset = AttributeColumn.Layout.padded(section.count - decoder.restCount)
        var columns: [AttributeColumn] = []
        for (attribute, (valueCount, textSize)) in zip(schema.attributes, sizes) {
            let isText = attribute.kind == .text
            guard
                let layout = AttributeColumn.Layout(
                    isText: isText, rowCount: rowCount, valueCount: valueCount, textSize: textSize),
                offset <= section.count, layout.totalSizeInBytes <= section.count - offset,
                let column = AttributeColumn(
                    UnsafeRawBufferPointer(rebasing: section[offset..<offset + layout.totalSizeInBytes]),
                    isText: isText, rowCount: rowCount, valueCount: valueCount, textSize: textSize)
            else { return nil }
            columns.append(column)
            offset += layout.totalSizeInBytes
        }
        guard offset == section.count else { return nil }
        self.columns = columns
    }

    /// Returns the attributes of a row.
    func row(_ row: Int) -> AttributeRow { columns.map { $0.value(ofRow: row) } }
}

/// The attributes of a segment that is being made.
struct NewSegmentAttributes {
    private struct Column {
        /// The number of each value, in the order in which they came, from 1 on.
        var numbers: [StoredAttribute: UInt32] = [:]
        /// The number of each row's value; 0 if it is missing.
        var rows: [UInt32] = []
    }

    private let schema: AttributeSchema
    private var columns: [Column]

    init(_ schema: AttributeSchema) {
        self.schema = schema
        columns = schema.attributes.map { _ in Column() }
    }

    /// Adds a row. What it lacks is missing.
    mutating func append(_ row: AttributeRow) {
        for index in columns.indices {
            guard index < row.count, let value = row[index] else {
                columns[index].rows.append(0)
                continue
            }
            let next = UInt32(columns[index].numbers.count + 1)
            let number = columns[index].numbers[value] ?? next
            if number == next { columns[index].numbers[value] = next }
            columns[index].rows.append(number)
        }
    }

    /// The section's bytes.
    var bytes: [UInt8] {
        if schema.attributes.isEmpty { return [] }
        var encoder = ByteEncoder()
        encoder.append(schema.bytes)
        let values = columns.map { $0.numbers.keys.sorted() }
        for values in values {
            encoder.append(UInt64(values.count))
            encoder.append(UInt64(values.reduce(0) { $0 + $1.textSize }))
        }
        encoder.pad()
        for (index, column) in columns.enumerated() {
            append(column, values[index], isText: schema.attributes[index].kind == .text, to: &encoder)
        }
        return encoder.bytes
    }

    private func append(_ column: Column, _ values: [StoredAttribute], isText: Bool, to encoder: inout ByteEncoder) {
        var codes = [UInt32](repeating: 0, count: values.count + 1)
        var offset: UInt64 = 0
        for (index, value) in values.enumerated() {
            codes[Int(column.numbers[value] ?? 0)] = UInt32(index + 1)
            switch value {
            case .ordinal(let ordinal): encoder.append(ordinal)
            case .text(let text):
                encoder.append(offset)
                offset += UInt64(text.count)
            }
        }
        if isText { encoder.append(offset) }
        for case .text(let text) in values { encoder.append(unprefixed: text) }
        encoder.pad()
        let rowCodes = column.rows.map { codes[Int($0)] }
        var starts = [UInt32](repeating: 0, count: values.count + 2)
        for code in rowCodes { starts[Int(code) + 1] += 1 }
        for code in starts.indices.dropFirst() { starts[code] += starts[code - 1] }
        var (next, rows) = (starts, [UInt32](repeating: 0, count: rowCodes.count))
        for (row, code) in rowCodes.enumerated() {
            rows[Int(next[Int(code)])] = UInt32(row)
            next[Int(code)] += 1
        }
        for numbers in [starts, rowCodes, rows] {
            numbers.withUnsafeBytes { encoder.append(unprefixed: $0) }
            encoder.pad()
        }
    }
}

extension StoredAttribute {
    fileprivate var textSize: Int { if case .text(let text) = self { text.count } else { 0 } }
}

extension ByteEncoder {
    /// Fills up to a multiple of 8 bytes.
    fileprivate mutating func pad() {
        append(unprefixed: [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8))
    }
}
