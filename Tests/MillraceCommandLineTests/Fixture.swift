import ArgumentParser
import Foundation
import MillraceCommandLine

/// Checks options with just these layers, nothing of the test process's own.
func check(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) throws -> Result<ResolvedInstanceOptions, InvalidOptions> {
    guard let file else { return try InstanceOptions.parse(arguments).check(environment: environment) }
    return try withFile(file) { path in
        try InstanceOptions.parse(arguments + ["--config", path]).check(environment: environment)
    }
}

/// As `check`, with the required options given.
func resolve(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) throws -> ResolvedInstanceOptions {
    try check(required + arguments, environment: environment, file: file).get()
}

/// The problems of options that must have some, as lines; the path of the file is written FILE.
func problems(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) throws -> [String] {
    switch try check(required + arguments, environment: environment, file: file) {
    case .success: []
    case .failure(let invalid):
        invalid.problems.map { problem in
            guard case .file(_, let key?) = problem.origin else { return problem.description }
            return "FILE: \(key): \(problem.message)"
        }
    }
}

let required = ["--application-id", "risk", "--bootstrap-servers", "localhost:9092"]

/// Runs the body with the path of a file of that content, which is removed afterwards.
func withFile<Result>(_ content: String, _ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appending(path: "millrace-\(UUID().uuidString).json").path()
    try Data(content.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}
