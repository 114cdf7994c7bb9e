#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The places from which secrets come.
package struct SecretStore: Sendable {
    /// Returns the value of a variable of the environment; `nil` if it is not set.
    package var variable: @Sendable (String) -> String?
    /// Returns the contents of a file.
    package var file: @Sendable (String) throws -> String

    package init(
        variable: @escaping @Sendable (String) -> String?, file: @escaping @Sendable (String) throws -> String
    ) {
        self.variable = variable
        self.file = file
    }

    /// The environment of this process, and the files that it may read.
    package static let ofProcess = SecretStore(
        variable: { ProcessInfo.processInfo.environment[$0] },
        file: { String(decoding: try Data(contentsOf: URL(filePath: $0)), as: UTF8.self) })

    /// Returns a secret, or what is wrong with the place where it should be.
    func secret(at place: [String: String]) -> Result<Secret, SettingProblem.Reason> {
        guard place.count == 1, let (kind, name) = place.first, ["file", "environment"].contains(kind), !name.isEmpty
        else { return .failure(Self.expectation) }
        if kind == "environment" {
            guard let value = variable(name), !value.isEmpty else {
                return .failure(.init("the environment variable \(name) is not set"))
            }
            return .success(Secret(value))
        }
        guard let text = try? file(name) else { return .failure(.init("the file \(name) cannot be read")) }
        let value = text.last?.isNewline == true ? String(text.dropLast()) : text
        return value.isEmpty ? .failure(.init("the file \(name) is empty")) : .success(Secret(value))
    }

    static let expectation = SettingProblem.Reason(
        #"must be {"file": "PATH"} or {"environment": "NAME"}, because a secret never stands in the configuration itself"#
    )
}
