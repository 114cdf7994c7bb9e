package import NIOCore

/// A value of Redis' protocol RESP, versions 2 and 3.
///
/// The format: Redis' documentation, "Redis serialization protocol specification".
package enum RedisValue: Sendable, Hashable {
    case null
    /// A short text, such as `OK`.
    case status(String)
    /// The server's words for a failure, which begin with a word in capitals, such as `WRONGTYPE`.
    case failure(String)
    case integer(Int64)
    case double(Double)
    case boolean(Bool)
    case bytes(ByteBuffer)
    case array([RedisValue])
    /// Keys and values, one after the other.
    case map([RedisValue])
    /// A message that no command asked for, such as one of a subscription.
    case push([RedisValue])
    /// An answer as the server has written it, to a command that wants it so.
    case encoded(ByteBuffer)
}

extension RedisValue {
    /// The value as text, if it is one; bytes that are not UTF-8 are replaced.
    package var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(buffer: bytes)
        case .integer(let number): "\(number)"
        case .double(let number): "\(number)"
        default: nil
        }
    }

    /// The value's bytes, if it is a text.
    package var bytes: ByteBuffer? {
        switch self {
        case .bytes(let bytes): bytes
        case .status(let text): ByteBuffer(string: text)
        default: nil
        }
    }

    /// The value as a whole number, if it is one or the text of one.
    package var integer: Int64? {
        switch self {
        case .integer(let number): number
        case .bytes, .status: text.flatMap(Int64.init)
        default: nil
        }
    }

    /// The elements, if it has some.
    package var elements: [RedisValue]? {
        switch self {
        case .array(let elements), .map(let elements), .push(let elements): elements
        default: nil
        }
    }

    /// The values by their keys, of a map or of an array of keys and values; of equal keys the last.
    package var dictionary: [String: RedisValue]? {
        guard let elements, elements.count.isMultiple(of: 2) else { return nil }
        var found: [String: RedisValue] = [:]
        for index in stride(from: 0, to: elements.count, by: 2) {
            guard let key = elements[index].text else { return nil }
            found[key] = elements[index + 1]
        }
        return found
    }
}
