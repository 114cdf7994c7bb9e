import ArgumentParser

/// Everything that is wrong with the options of a process, found in one go before anything starts.
public struct InvalidOptions: Error, Sendable, Equatable, CustomStringConvertible {
    /// The problems, at least one, in the order of the layers: command line, environment, file, then those of several options
    /// together.
    public var problems: [OptionProblem]

    /// One line for each problem.
    public var description: String {
        let count = problems.count == 1 ? "1 option is wrong" : "\(problems.count) options are wrong"
        return "\(count):\n" + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}

/// One thing that is wrong with the options of a process.
public struct OptionProblem: Sendable, Equatable, CustomStringConvertible {
    /// The origin of the wrong value; nil for a missing option, or a problem of several options together.
    public var origin: OptionOrigin?
    /// The message: what is wrong, and what was expected.
    public var message: String

    /// Origin and message on one line.
    public var description: String { origin.map { "\($0): \(message)" } ?? message }
}

/// The origin of an option's value.
public enum OptionOrigin: Sendable, Hashable, CustomStringConvertible {
    /// A flag such as `--threads`.
    case commandLine(flag: String)
    /// A variable such as `MILLRACE_THREADS`.
    case environment(variable: String)
    /// A key of the configuration file, with dots between the levels; nil for the file as a whole.
    case file(path: String, key: String?)

    /// The flag, the variable, or `FILE: key`.
    public var description: String {
        switch self {
        case .commandLine(let flag): flag
        case .environment(let variable): variable
        case .file(let path, let key?): "\(path): \(key)"
        case .file(let path, nil): path
        }
    }
}
