import FoundationEssentials
import Millrace
import NIOCore
import RedisClient

/// Fields of Redis as JSON.
enum FieldsJSON {
    /// Returns a JSON object of names and values that follow each other. A value that is not UTF-8 becomes `{"$base64": "…"}`, a name
    /// that is not becomes `$base64:…`, and the values of a name that occurs several times become an array.
    static func object(_ fields: [RedisValue]) -> [UInt8] {
        var json: [UInt8] = []
        json.reserveCapacity(
            fields.reduce(2) { sum, field in
                if case .bytes(let bytes) = field { sum + bytes.readableBytes + 4 } else { sum }
            })
        json.append(UInt8(ascii: "{"))
        if appendPlain(fields, to: &json) { return json }
        let merged = merged(fields)
        for (index, field) in merged.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            append(name: field.name, to: &json)
            json.append(UInt8(ascii: ":"))
            if field.values.count == 1 {
                append(value: field.values[0], to: &json)
                continue
            }
            json.append(UInt8(ascii: "["))
            for (index, value) in field.values.enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                append(value: value, to: &json)
            }
            json.append(UInt8(ascii: "]"))
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    /// Appends the members of a few fields without repeated names, and the end of the object. Returns `false`, and appends nothing, if there
    /// are others.
    private static func appendPlain(_ fields: [RedisValue], to json: inout [UInt8]) -> Bool {
        guard fields.count <= 16 else { return false }
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard case .bytes(let name) = fields[index], case .bytes = fields[index + 1] else { return false }
            for other in stride(from: 0, to: index, by: 2) {
                if case .bytes(let earlier) = fields[other], earlier == name { return false }
            }
        }
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard case .bytes(let name) = fields[index], case .bytes(let value) = fields[index + 1] else { continue }
            if index > 0 { json.append(UInt8(ascii: ",")) }
            append(name: name, to: &json)
            json.append(UInt8(ascii: ":"))
            append(value: value, to: &json)
        }
        json.append(UInt8(ascii: "}"))
        return true
    }

    private static func merged(_ fields: [RedisValue]) -> [(name: ByteBuffer, values: [ByteBuffer])] {
        var merged: [(name: ByteBuffer, values: [ByteBuffer])] = []
        merged.reserveCapacity(fields.count / 2)
        // Names repeat seldom, and entries with many fields are seldom, too.
        var places: [ByteBuffer: Int] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[index].bytes, let value = fields[index + 1].bytes else { continue }
            let place = fields.count <= 32 ? merged.firstIndex { $0.name == name } : places[name]
            if let place {
                merged[place].values.append(value)
            } else {
                if fields.count > 32 { places[name] = merged.count }
                merged.append((name, [value]))
            }
        }
        return merged
    }

    private static func append(name: ByteBuffer, to json: inout [UInt8]) {
        if appendText(name, to: &json) { return }
        json += "\"$base64:\(Data(name.readableBytesView).base64EncodedString())\"".utf8
    }

    private static func append(value: ByteBuffer, to json: inout [UInt8]) {
        if appendText(value, to: &json) { return }
        json += "{\"$base64\":\"\(Data(value.readableBytesView).base64EncodedString())\"}".utf8
    }

    /// Returns `false` for bytes that are not UTF-8.
    private static func appendText(_ bytes: ByteBuffer, to json: inout [UInt8]) -> Bool {
        let isPlain = bytes.withUnsafeReadableBytes { bytes in
            guard bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") })
            else { return false }
            json.append(UInt8(ascii: "\""))
            json.append(contentsOf: bytes)
            json.append(UInt8(ascii: "\""))
            return true
        }
        if isPlain { return true }
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else { return false }
        json += JSONText.quoted(text).utf8
        return true
    }
}
