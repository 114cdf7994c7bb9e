import MillraceConnect

/// The reason why a record cannot be a row.
struct SinkRefusal: Error {
    let reason: String
}

/// Records as rows: the lines of a COPY, without their ends.
///
/// Values go from the JSON of a record into its line at once: with a row in between, a sink would take twice the time of the server.
struct SinkLines {
    /// A value that a record gives a column.
    private enum Given {
        case json(JSONPiece)
        case text(UnsafeRawBufferPointer)
    }

    private let table: SinkTable
    private let configuration: PostgresSinkConfiguration
    private(set) var bytes: [UInt8] = []
    /// The values of the columns; only valid while a record is read.
    private var given: [Given?]

    init(_ table: SinkTable, _ configuration: PostgresSinkConfiguration) {
        self.table = table
        self.configuration = configuration
        given = Array(repeating: nil, count: table.columns.count)
    }

    /// Adds the line of a record.
    ///
    /// - Parameters:
    ///   - key: the record's key.
    ///   - value: the record's value.
    /// - Returns: the line's place.
    /// - Throws: `SinkRefusal`; then there is no line.
    mutating func append(key: [UInt8]?, value: [UInt8]?) throws(SinkRefusal) -> Range<Int> {
        let start = bytes.count
        do {
            try Self.withBytes(value) { value in
                try Self.withBytes(key) { key in try append(key, value) }
            }
        } catch {
            bytes.removeSubrange(start...)
            throw error as? SinkRefusal ?? SinkRefusal(reason: "\(error)")
        }
        return start..<bytes.count
    }

    private static func withBytes(
        _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) rethrows {
        guard let bytes else { return try body(nil) }
        try bytes.withUnsafeBytes { try body($0) }
    }

    private mutating func append(_ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?) throws {
        for index in given.indices { given[index] = nil }
        do { if let value { try read(value) } } catch let problem as JSONObjectScanner.Problem {
            throw SinkRefusal(reason: "the value is not a JSON object: \(problem.reason)")
        }
        do { if let key { try readKey(key) } } catch let problem as JSONObjectScanner.Problem {
            throw SinkRefusal(reason: "the key is not JSON: \(problem.reason)")
        }
        for index in table.keyIndexes where isNull(index) {
            throw SinkRefusal(reason: "the key's column \(table.columns[index].name) has no value")
        }
        for index in given.indices {
            if index > 0 { bytes.append(0x09) }
            do { try appendValue(given[index], table.columns[index].form) } catch let problem
                as JSONObjectScanner.Problem
            {
                throw SinkRefusal(reason: "the field \"\(table.columns[index].name)\": \(problem.reason)")
            }
        }
    }

    private func isNull(_ index: Int) -> Bool {
        switch given[index] {
        case nil: true
        case .json(let piece): piece.kind == .null
        case .text: false
        }
    }

    private mutating func read(_ text: UnsafeRawBufferPointer) throws {
        var scanner = JSONObjectScanner(text)
        var guess = 0
        try scanner.forEachMember { name, piece in
            guard let index = try table.index(of: name, guess: guess) else {
                if configuration.unknownFields == .ignore { return }
                let name = String(decoding: try name.unescaped(), as: UTF8.self)
                throw SinkRefusal(reason: "the table has no column for the field \"\(name)\"")
            }
            given[index] = .json(piece)
            guess = index + 1
        }
    }

    private mutating func readKey(_ key: UnsafeRawBufferPointer) throws {
        if configuration.keyFormat == .text {
            if let index = table.keyIndexes.first { given[index] = .text(key) }
            return
        }
        var scanner = JSONObjectScanner(key)
        if key.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            var guess = 0
            try scanner.forEachMember { name, piece in
                guard let index = try table.index(of: name, guess: guess), table.columns[index].isKey else { return }
                given[index] = .json(piece)
                guess = index + 1
            }
        } else if let index = table.keyIndexes.first, table.keyIndexes.count == 1 {
            given[index] = .json(try scanner.onlyValue())
        }
    }

    // MARK: COPY

    private mutating func appendValue(_ value: Given?, _ form: SinkTable.Column.Form) throws {
        switch value {
        case nil: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "N")]
        case .text(let text):
            if text.contains(0) { throw Self.zero }
            append(escaped: text)
        case .json(let piece):
            switch (piece.kind, form) {
            case (.null, _): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "N")]
            // PostgreSQL would take a number's digits for the bytes.
            case (.number, .bytes), (.boolean, .bytes): throw Base64.problem
            case (.number, _), (.boolean, _): bytes.append(contentsOf: piece.bytes)
            // Without escapes there is no backslash, tab or line break in it, so that COPY needs no escapes either.
            case (.text, .plain) where !piece.hasEscapes: bytes.append(contentsOf: piece.inner)
            default:
                let text = try Self.text(piece, form) ?? []
                text.withUnsafeBytes { append(escaped: $0) }
            }
        }
    }

    private mutating func append(escaped value: UnsafeRawBufferPointer) {
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
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: value[start..<index]))
            bytes += [UInt8(ascii: "\\"), letter]
            start = index + 1
        }
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: value[start...]))
    }

    private static let zero = JSONObjectScanner.Problem(reason: "PostgreSQL has no texts with a zero character")

    // MARK: Values

    /// Returns a value's text form; `nil` for null.
    private static func text(_ piece: JSONPiece, _ form: SinkTable.Column.Form) throws -> [UInt8]? {
        if piece.kind == .null { return nil }
        switch (form, piece.kind) {
        case (.json, _): return Array(piece.bytes)
        case (.bytes, .text): return try Base64.hexadecimal(of: piece.unescaped())
        case (.bytes, _): throw Base64.problem
        case (.array(let element), .array): return try array(piece, element)
        case (_, .text): return try checked(piece.unescaped())
        default: return Array(piece.bytes)
        }
    }

    private static func checked(_ text: [UInt8]) throws -> [UInt8] {
        if text.contains(0) { throw zero }
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
}

extension Base64 {
    private static let values: [UInt8: UInt8] = Dictionary(
        uniqueKeysWithValues: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8.enumerated().map {
            ($1, UInt8($0))
        })

    static let problem = JSONObjectScanner.Problem(reason: "it is not bytes in Base64")

    /// Returns bytes in the form `\x00ff`, of their Base64.
    ///
    /// - Throws: `JSONObjectScanner.Problem` for a text that is not Base64.
    static func hexadecimal(of text: [UInt8]) throws -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var output = Array("\\x".utf8)
        var (bits, count) = (UInt32(0), 0)
        let letters = text.prefix { $0 != UInt8(ascii: "=") }
        guard text.count % 4 == 0, letters.count >= text.count - 2 else {
            throw problem
        }
        for letter in letters {
            guard let value = values[letter] else { throw problem }
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
