/// The form that values of a PostgreSQL type have in JSON, made from their text form.
indirect enum ValueForm: Hashable, Sendable {
    case boolean
    /// A number as PostgreSQL writes it. NaN and the infinities, which JSON does not know, become texts.
    case number
    /// JSON, taken over as it is. The vectors of pgvector have such a text form, too.
    case json
    case text
    /// Bytes in Base64.
    case bytes
    /// A time without a zone: `2026-01-02T03:04:05.678`.
    case timestamp
    /// A time in UTC: `2026-01-02T03:04:05.678Z`.
    case instant
    /// An array, with the character between its elements.
    case array(ValueForm, delimiter: UInt8)
}

extension ValueForm {
    /// Appends a value's JSON.
    ///
    /// - Parameters:
    ///   - text: the value's text form, as PostgreSQL writes it with the settings of ``PostgresServer``.
    ///   - output: the JSON so far.
    func append(_ text: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        switch self {
        case .boolean: output += text.first == UInt8(ascii: "t") ? Array("true".utf8) : Array("false".utf8)
        case .number:
            if let last = text.last, last >= 0x30, last <= 0x39 {
                output.append(contentsOf: text)
            } else {
                JSONOutput.append(quoted: text, to: &output)
            }
        case .json: output.append(contentsOf: text)
        case .text: JSONOutput.append(quoted: text, to: &output)
        case .bytes:
            output.append(UInt8(ascii: "\""))
            Base64.append(ofHexadecimal: UnsafeRawBufferPointer(rebasing: text.dropFirst(2)), to: &output)
            output.append(UInt8(ascii: "\""))
        case .timestamp: Self.appendTime(text, zone: false, to: &output)
        case .instant: Self.appendTime(text, zone: true, to: &output)
        case .array(let element, let delimiter):
            ArrayText(text, delimiter: delimiter).append(as: element, to: &output)
        }
    }

    /// Appends a time in ISO 8601. Infinities and years before 1 stay as PostgreSQL writes them.
    private static func appendTime(_ text: UnsafeRawBufferPointer, zone: Bool, to output: inout [UInt8]) {
        guard let space = text.firstIndex(of: UInt8(ascii: " ")), text.last != UInt8(ascii: "C") else {
            return JSONOutput.append(quoted: text, to: &output)
        }
        output.append(UInt8(ascii: "\""))
        output.append(contentsOf: text[..<space])
        output.append(UInt8(ascii: "T"))
        let rest = text[(space + 1)...]
        if zone, rest.suffix(3).elementsEqual("+00".utf8) {
            output.append(contentsOf: rest.dropLast(3))
            output.append(UInt8(ascii: "Z"))
        } else {
            output.append(contentsOf: rest)
        }
        output.append(UInt8(ascii: "\""))
    }
}
