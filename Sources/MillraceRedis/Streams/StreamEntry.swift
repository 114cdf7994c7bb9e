import NIOCore
import RedisClient

/// An entry of a stream.
struct StreamEntry {
    var id: StreamID
    /// The id as the server has written it.
    var idText: ByteBuffer
    /// Names and values, one after the other.
    var fields: [RedisValue]

    /// The number of bytes of names and values.
    var sizeInBytes: Int {
        fields.reduce(0) { sum, field in
            if case .bytes(let bytes) = field { sum + bytes.readableBytes } else { sum }
        }
    }

    /// Reads the entries of an answer of XRANGE or XAUTOCLAIM. Entries that are deleted have no fields there and are left out.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    static func entries(_ value: RedisValue) throws(RedisError) -> [StreamEntry] {
        guard let elements = value.elements else {
            if value == .null { return [] }
            throw .protocolProblem("a stream's entries are no array")
        }
        var entries: [StreamEntry] = []
        entries.reserveCapacity(elements.count)
        for element in elements {
            guard let pair = element.elements, pair.count == 2, case .bytes(let text) = pair[0],
                let id = text.withUnsafeReadableBytes({ StreamID(bytes: $0) })
            else {
                if element == .null { continue }
                throw .protocolProblem("an entry has no id")
            }
            guard let fields = pair[1].elements else { continue }
            guard fields.count.isMultiple(of: 2) else { throw .protocolProblem("an entry has half a field") }
            entries.append(StreamEntry(id: id, idText: text, fields: fields))
        }
        return entries
    }

    /// Returns the bytes of a field, the last of that name; `nil` if there is none.
    func value(of name: [UInt8]) -> [UInt8]? {
        var index = fields.count - 2
        while index >= 0 {
            if case .bytes(let field) = fields[index], field.readableBytesView.elementsEqual(name) {
                return fields[index + 1].bytes.map { Array($0.readableBytesView) }
            }
            index -= 2
        }
        return nil
    }
}
