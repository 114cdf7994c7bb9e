import MillraceRuntime

/// The names of a setting in the layers. The same name serves everywhere: `--commit-interval-ms` on the command line,
/// `MILLRACE_COMMIT_INTERVAL_MS` in the environment, `"commit-interval-ms"` in the configuration file.
extension Setting {
    /// The option as written on the command line.
    var flag: String { OptionNames.flag(of: name) }

    /// The environment variable that sets the option.
    var environmentName: String { OptionNames.environmentName(of: name) }
}

enum OptionNames {
    static let environmentPrefix = "MILLRACE_"

    static func flag(of name: String) -> String { "--\(name)" }

    static func environmentName(of name: String) -> String {
        environmentPrefix + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}
