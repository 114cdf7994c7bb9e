package import Millrace

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The reading of a configuration file in JSON.
package enum JSONFile {
    /// Reads a file.
    ///
    /// - Throws: the reason why it cannot be read.
    package static func read(_ path: String) throws(Unreadable) -> JSONValue {
        do {
            return try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            throw Unreadable(error)
        }
    }

    /// The reason why a file cannot be read, to follow its path in a sentence.
    package struct Unreadable: Error {
        package let reason: String

        fileprivate init(_ error: any Error) {
            switch error {
            case DecodingError.dataCorrupted(let context):
                reason = "is not valid JSON\(context.underlyingError.map { ": \($0)" } ?? "")"
            case let error as CocoaError where error.code == .fileReadNoSuchFile || error.code == .fileNoSuchFile:
                reason = "there is no such file"
            case let error as CocoaError where error.code == .fileReadNoPermission:
                reason = "may not be read by this user"
            default: reason = "cannot be read: \(error)"
            }
        }
    }
}
