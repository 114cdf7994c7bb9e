#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The tokens of a file, each with the rights that it gives.
///
/// Each line has rights and a token, `read TOKEN`, `operate TOKEN` or `read,operate TOKEN`; empty lines and those that begin
/// with `#` are skipped.
struct AccessTokens: Sendable {
    private var entries: [(token: [UInt8], rights: Set<String>)] = []

    private static let rights: Set<String> = [Route.Permission.read.rawValue, Route.Permission.operate.rawValue]
    private static let minCount = 16

    /// - Throws: `ServerError` if the file cannot be read, a line is wrong, or there is no token.
    init(file: String) throws(ServerError) {
        guard let data = try? Data(contentsOf: URL(filePath: file)), let text = String(validating: data, as: UTF8.self)
        else { throw ServerError("the token file \(file) cannot be read") }
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            let rights = Set(first.split(separator: ",").map(String.init))
            guard words.count == 2, !rights.isEmpty, rights.isSubset(of: Self.rights) else {
                throw ServerError("line \(number + 1) of \(file) must be read, operate or read,operate, and a token")
            }
            guard words[1].utf8.count >= Self.minCount else {
                throw ServerError(
                    "the token in line \(number + 1) of \(file) has less than \(Self.minCount) characters")
            }
            entries.append((Array(words[1].utf8), rights))
        }
        if entries.isEmpty { throw ServerError("the token file \(file) has no token") }
    }

    /// Returns the rights of a token; `nil` if it is not known. The time that it takes does not depend on the known tokens'
    /// bytes.
    func rights(of token: Substring) -> Set<String>? {
        let given = Array(token.utf8)
        var found: Set<String>?
        for entry in entries where Self.isEqual(entry.token, given) { found = (found ?? []).union(entry.rights) }
        return found
    }

    /// Compares all bytes, wherever the first difference is.
    static func isEqual(_ secret: [UInt8], _ given: [UInt8]) -> Bool {
        var difference: UInt8 = secret.count == given.count ? 0 : 1
        for index in given.indices {
            difference |= given[index] ^ (secret.isEmpty ? 0 : secret[index % secret.count])
        }
        return difference == 0 && !secret.isEmpty
    }
}

/// The reason why a server does not start.
public struct ServerError: Error, CustomStringConvertible {
    /// The reason, in one sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}
