/// One thing that is wrong with a configuration of connectors.
public struct SettingProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place of the value, with dots between the levels: `connectors.orders.slot`. Empty for the configuration as a whole.
    public var path: String
    /// The message: what is wrong, and what was expected. It never has a value that may be a secret.
    public var message: String

    /// Makes a problem.
    ///
    /// - Parameters:
    ///   - path: the place of the value, with dots between the levels.
    ///   - message: what is wrong, and what was expected.
    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    /// Place and message on one line.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }

    /// A message without its place.
    struct Reason: Error {
        var message: String
        init(_ message: String) { self.message = message }
    }
}

/// Everything that is wrong with a configuration of connectors, found in one go before anything starts.
public struct InvalidConnectConfiguration: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problems, at least one, by their places in the file.
    public var problems: [SettingProblem]

    /// Makes an error.
    ///
    /// - Parameter problems: the problems, at least one.
    public init(_ problems: [SettingProblem]) { self.problems = problems }

    /// One line for each problem.
    public var description: String {
        let count = problems.count == 1 ? "1 setting is wrong" : "\(problems.count) settings are wrong"
        return "\(count):\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
