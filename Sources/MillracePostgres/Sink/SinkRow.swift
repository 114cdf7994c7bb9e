import MillraceConnect

/// A record as a row of the target.
struct SinkRow {
    /// The reason why a record cannot be a row.
    struct Refusal: Error {
        let reason: String
    }

    /// The values as a COPY takes them, by column; `nil` for null.
    private(set) var values: [[UInt8]?]
    let isDeleted: Bool

    /// - Throws: `Refusal`.
    init(_ record: SinkRecord, _ table: SinkTable, _ configuration: PostgresSinkConfiguration) throws(Refusal) {
        values = Array(repeating: nil, count: table.columns.count)
        isDeleted = record.value == nil
        do {
            if let value = record.value {
                try value.withUnsafeBytes { try Self.read($0, table, configuration.unknownFields, into: &values) }
            }
        } catch let problem as JSONObjectScanner.Problem {
            throw Refusal(reason: "the value is not a JSON object: \(problem.reason)")
        } catch let refusal as Refusal { throw refusal } catch { throw Refusal(reason: "\(error)") }
        do {
            if let key = record.key { try readKey(key, table, configuration.keyFormat) }
        } catch let problem as JSONObjectScanner.Problem {
            throw Refusal(reason: "the key is not JSON: \(problem.reason)")
        } catch let refusal as Refusal { throw refusal } catch { throw Refusal(reason: "\(error)") }
        for index in table.keyIndexes where values[index] == nil {
            throw Refusal(reason: "the key's column \(table.columns[index].name) has no value")
        }
    }

    private static func read(
        _ text: UnsafeRawBufferPointer, _ table: SinkTable, _ unknown: PostgresSinkConfiguration.UnknownFields,
        into values: inout [[UInt8]?]
    ) throws {
        var scanner = JSONObjectScanner(text)
        try scanner.forEachMember { name, piece in
            let name = String(decoding: try name.unescaped(), as: UTF8.self)
            guard let index = table.index(of: name) else {
                if unknown == .ignore { return }
                throw Refusal(reason: "the table has no column for the field \"\(name)\"")
            }
            values[index] = try value(piece, table.columns[index])
        }
    }

    private mutating func readKey(
        _ key: [UInt8], _ table: SinkTable, _ format: PostgresSinkConfiguration.KeyFormat
    ) throws {
        if format == .text {
            if let index = table.keyIndexes.first { values[index] = try Self.checked(key) }
            return
        }
        try key.withUnsafeBytes { key in
            var scanner = JSONObjectScanner(key)
            let only = try scanner.onlyValue()
            if only.kind == .object {
                var members = JSONObjectScanner(key)
                try members.forEachMember { name, piece in
                    let name = String(decoding: try name.unescaped(), as: UTF8.self)
                    guard let index = table.index(of: name), table.keyIndexes.contains(index) else { return }
                    values[index] = try Self.value(piece, table.columns[index])
                }
            } else if let index = table.keyIndexes.first, table.keyIndexes.count == 1 {
                values[index] = try Self.value(only, table.columns[index])
            }
        }
    }

    // MARK: Values

    private static func value(_ piece: JSONPiece, _ column: SinkTable.Column) throws -> [UInt8]? {
        do { return try text(piece, column.form) } catch let problem as JSONObjectScanner.Problem {
            throw Refusal(reason: "the field \"\(column.name)\": \(problem.reason)")
        }
    }

    /// Returns a value's text form; `nil` for null.
    private static func text(_ piece: JSONPiece, _ form: SinkTable.Column.Form) throws -> [UInt8]? {
        if piece.kind == .null { return nil }
        switch (form, piece.kind) {
        case (.json, _): return Array(piece.bytes)
        case (.bytes, .text): return try Base64.hexadecimal(of: piece.unescaped())
        case (.array(let element), .array): return try array(piece, element)
        case (_, .text): return try checked(piece.unescaped())
        default: return Array(piece.bytes)
        }
    }

    private static func checked(_ text: [UInt8]) throws -> [UInt8] {
        if text.contains(0) { throw JSONObjectScanner.Problem(reason: "PostgreSQL has no texts with a zero character") }
        return text
    }

    /// Returns PostgreSQL's text of an array.
    private static func array(_ piece: JSONPiece, _ element: SinkTable.Column.Form) throws -> [UInt8] {
        var output: [UInt8] = [UInt8(ascii: "{")]
        var scanner = JSONObjectScanner(piece.bytes)
        try scanner.forEachElement { item in
            if output.count > 1 { output.append(UInt8(ascii: ",")) }
            if item.kind == .array, case .plain = element {
                output += try array(item, element)
                return
            }
            guard let text = try text(item, element) else {
                output += Array("NULL".utf8)
                return
            }
            if item.kind == .number, case .plain = element {
                output += text
                return
            }
            output.append(UInt8(ascii: "\""))
            for byte in text {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { output.append(UInt8(ascii: "\\")) }
                output.append(byte)
            }
            output.append(UInt8(ascii: "\""))
        }
        output.append(UInt8(ascii: "}"))
        return output
    }

    // MARK: COPY

    /// Appends the row's line for a COPY.
    ///
    /// - Parameter number: the record's number in its batch, for the staging table; `nil` for the target itself.
    func appendLine(to output: inout [UInt8], number: Int?) {
        for (index, value) in values.enumerated() {
            if index > 0 { output.append(0x09) }
            guard let value else {
                output += [UInt8(ascii: "\\"), UInt8(ascii: "N")]
                continue
            }
            Self.append(escaped: value, to: &output)
        }
        if let number {
            output.append(contentsOf: (isDeleted ? "\tt\t" : "\tf\t").utf8)
            output.append(contentsOf: String(number).utf8)
        }
        output.append(0x0A)
    }

    private static func append(escaped value: [UInt8], to output: inout [UInt8]) {
        var start = 0
        for index in value.indices {
            let letter: UInt8
            switch value[index] {
            case UInt8(ascii: "\\"): letter = UInt8(ascii: "\\")
            case 0x09: letter = UInt8(ascii: "t")
            case 0x0A: letter = UInt8(ascii: "n")
            case 0x0D: letter = UInt8(ascii: "r")
            default: continue
            }
            output.append(contentsOf: value[start..<index])
            output += [UInt8(ascii: "\\"), letter]
            start = index + 1
        }
        output.append(contentsOf: value[start...])
    }
}

extension Base64 {
    private static let values: [UInt8: UInt8] = Dictionary(
        uniqueKeysWithValues: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8.enumerated().map {
            ($1, UInt8($0))
        })

    /// Returns bytes in the form `\x00ff`, of their Base64.
    ///
    /// - Throws: `JSONObjectScanner.Problem` for a text that is not Base64.
    static func hexadecimal(of text: [UInt8]) throws -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var output = Array("\\x".utf8)
        var (bits, count) = (UInt32(0), 0)
        let letters = text.prefix { $0 != UInt8(ascii: "=") }
        guard text.count % 4 == 0, letters.count >= text.count - 2 else {
            throw JSONObjectScanner.Problem(reason: "it is not bytes in Base64")
        }
        for letter in letters {
            guard let value = values[letter] else {
                throw JSONObjectScanner.Problem(reason: "it is not bytes in Base64")
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                let byte = UInt8(truncatingIfNeeded: bits >> UInt32(count))
                output += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return output
    }
}
