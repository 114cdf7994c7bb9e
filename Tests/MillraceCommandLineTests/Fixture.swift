import ArgumentParser
import Foundation
import MillraceCommandLine

/// Checks options with only these layers, and nothing from the test process.
func check(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) throws -> Result<ResolvedInstanceOptions, InvalidOptions> {
    guard let file else { return try InstanceOptions.parse(arguments).check(environment: environment) }
    return try withFile(file) { path in
        try InstanceOptions.parse(arguments + ["--config", path]).check(environment: environment)
    }
}

/// Like `check`, with the required options given.
func resolve(
    _ arguments: [String] = [], environment: [String: String] = [:], file: String? = nil
) throws -> ResolvedInstanceOptions {
    try check(required + arguments, environment: environment, file: file).get()
}

/// Returns the problems of options that must have some, as lines. The path of the file is written FILE.
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

/// Runs the body with the path of a file with this content, and removes the file afterwards.
func withFile<Result>(_ content: String, _ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.appending(path: "millrace-\(UUID().uuidString).json").path()
    try Data(content.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

/// Returns the help text of each flag, on one line, in the order of the help.
func helpEntries(of help: String) -> KeyedEntries {
    var entries = KeyedEntries()
    var flag: String?
    // The overview contains examples, so it is skipped.
    let options = help.split(separator: "\n", omittingEmptySubsequences: false).drop { !$0.hasPrefix("USAGE:") }
    for line in options {
        let words = line.split(separator: " ")
        if line.hasPrefix("  --"), let name = words.first {
            flag = String(name)
        } else if words.isEmpty {
            flag = nil
        }
        if let flag { entries.append(words.joined(separator: " "), to: flag) }
    }
    return entries
}

struct KeyedEntries {
    private(set) var keys: [String] = []
    private var texts: [String: String] = [:]

    subscript(key: String, default text: String = "") -> String { texts[key] ?? text }

    mutating func append(_ text: String, to key: String) {
        if let before = texts[key] {
            texts[key] = "\(before) \(text)"
        } else {
            keys.append(key)
            texts[key] = text
        }
    }
}
