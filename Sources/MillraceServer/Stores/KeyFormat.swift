import Millrace

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The format in which a client writes keys.
enum KeyFormat: String, CaseIterable, Sendable {
    /// As the store's serde reads it.
    case text
    case base64
    case hex

    static let parameter = Parameter.query(
        "key-format", .choice(allCases.map(\.rawValue)),
        "How keys are written: as the serde reads them, or as bytes in Base64 or hexadecimal.")

    init(_ parameters: Parameters) { self = parameters["key-format"].flatMap(KeyFormat.init) ?? .text }

    /// The bytes of a key.
    ///
    /// - Throws: `Failure` with 400.
    func bytes(_ text: String, in store: QueryableBytesStore) throws -> [UInt8] {
        try bytes(text) ?? store.key(from: text)
    }

    /// The bytes of a key; `nil` if a serde has to read it.
    ///
    /// - Throws: `Failure` with 400.
    func bytes(_ text: String) throws(Failure) -> [UInt8]? {
        switch self {
        case .text: return nil
        case .base64:
            if let data = Data(base64Encoded: text) { return Array(data) }
        case .hex:
            let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            if digits.count == text.utf8.count, digits.count.isMultiple(of: 2) {
                return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
            }
        }
        throw Failure.badRequest("the key is not written in \(rawValue)", code: "key_unreadable")
    }
}
