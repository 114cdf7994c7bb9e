package import Millrace

/// A short text that is the same for the same settings of a connector in every process, and another one for others.
///
/// The places of secrets are left out, because each machine may have them elsewhere; the secrets themselves are never part of settings.
package struct SettingsDigest: Hashable, Sendable, CustomStringConvertible {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    /// - Parameter settings: a connector's object in a configuration file.
    package init(_ settings: [String: JSONValue]) { add(.object(settings)) }

    /// Eight hexadecimal digits.
    package var description: String {
        let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    private mutating func add(_ value: JSONValue) {
        switch value {
        case .null: add("null")
        case .boolean(let flag): add("\(flag)")
        case .integer(let number): add("\(number)")
        case .number(let number): add("\(number)")
        case .string(let text):
            add("string")
            add(text)
        case .array(let elements):
            add("array \(elements.count)")
            for element in elements { add(element) }
        case .object(let members) where Self.isPlaceOfSecret(members): add("secret")
        case .object(let members):
            add("object \(members.count)")
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                add(name)
                add(member)
            }
        }
    }

    private static func isPlaceOfSecret(_ members: [String: JSONValue]) -> Bool {
        guard members.count == 1, case .string? = members["file"] ?? members["environment"] else { return false }
        return true
    }

    /// FNV-1a. The text's end counts, so that two texts are not one.
    private mutating func add(_ text: String) {
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
}
