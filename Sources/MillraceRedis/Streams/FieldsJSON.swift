import FoundationEssentials
import Millrace

/// The fields of an entry as JSON.
enum FieldsJSON {
    /// Returns a JSON object. A value that is not UTF-8 becomes `{"$base64": "…"}`, a name that is not becomes `$base64:…`, and the
    /// values of a name that occurs several times become an array.
    static func object(_ texts: StreamTexts, sizeInBytes: Int) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(sizeInBytes + 6 * texts.fieldCount + 2)
        json.append(UInt8(ascii: "{"))
        if hasDistinctNames(texts) {
            for field in 0..<texts.fieldCount {
                if field > 0 { json.append(UInt8(ascii: ",")) }
                append(name: texts.name(field), to: &json)
                json.append(UInt8(ascii: ":"))
                append(value: texts.value(field), to: &json)
            }
        } else {
            appendMerged(texts, to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// Whether there are a few fields, and none of their names occurs twice.
    private static func hasDistinctNames(_ texts: StreamTexts) -> Bool {
        guard texts.fieldCount <= 8 else { return false }
        for field in 0..<texts.fieldCount {
            let name = texts.name(field)
            for other in 0..<field where isEqual(texts.name(other), name) { return false }
        }
        return true
    }

    private static func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        left.count == right.count && left.elementsEqual(right)
    }

    private static func appendMerged(_ texts: StreamTexts, to json: inout [UInt8]) {
        var fields: [(name: [UInt8], values: [Int])] = []
        var places: [[UInt8]: Int] = [:]
        for field in 0..<texts.fieldCount {
            let name = Array(texts.name(field))
            if let place = places[name] {
                fields[place].values.append(field)
            } else {
                places[name] = fields.count
                fields.append((name, [field]))
            }
        }
        for (index, field) in fields.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            field.name.withUnsafeBytes { append(name: $0, to: &json) }
            json.append(UInt8(ascii: ":"))
            if field.values.count > 1 { json.append(UInt8(ascii: "[")) }
            for (index, value) in field.values.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                append(value: texts.value(value), to: &json)
            }
            if field.values.count > 1 { json.append(UInt8(ascii: "]")) }
        }
    }

    private static func append(name: UnsafeRawBufferPointer, to json: inout [UInt8]) {
        if appendText(name, to: &json) { return }
        json += "\"$base64:\(Data(name).base64EncodedString())\"".utf8
    }

    private static func append(value: UnsafeRawBufferPointer, to json: inout [UInt8]) {
        if appendText(value, to: &json) { return }
        json += "{\"$base64\":\"\(Data(value).base64EncodedString())\"}".utf8
    }

    /// Returns `false` for bytes that are not UTF-8.
    private static func appendText(_ bytes: UnsafeRawBufferPointer, to json: inout [UInt8]) -> Bool {
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            json.append(UInt8(ascii: "\""))
            json.append(contentsOf: bytes)
            json.append(UInt8(ascii: "\""))
            return true
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return false }
        json += JSONText.quoted(text).utf8
        return true
    }
}
