/// One option of a Millrace process, defined once for all the places it is read from.
///
/// The same name serves everywhere: `--commit-interval-ms` on the command line, `MILLRACE_COMMIT_INTERVAL_MS` in the
/// environment, `"commit-interval-ms"` in the configuration file.
struct OptionDefinition<Value: Sendable>: NamedOption {
    let name: String
    /// What stands for the value in the help, such as `COUNT`.
    let valueName: String
    /// One sentence for the help, without its full stop.
    let summary: String
    /// What holds when nobody says anything, for the help; nil if the option is required.
    let defaultText: String?
    let isList: Bool
    let syntax: ValueSyntax<Value>

    init(
        _ name: String, valueName: String, summary: String, default defaultText: String?, isList: Bool = false,
        _ syntax: ValueSyntax<Value>
    ) {
        self.name = name
        self.valueName = valueName
        self.summary = summary
        self.defaultText = defaultText
        self.isList = isList
        self.syntax = syntax
    }
}

/// What every option has, whatever the type of its value.
protocol NamedOption: Sendable {
    /// The option's name in kebab case, which is also its key in the configuration file.
    var name: String { get }
    /// Whether the configuration file may give an array for it.
    var isList: Bool { get }
}

extension NamedOption {
    /// The option as written on the command line.
    var flag: String { "--\(name)" }

    /// The environment variable that sets the option.
    var environmentName: String { OptionNames.environmentName(of: name) }
}

/// How the names of options look in the environment.
enum OptionNames {
    static let environmentPrefix = "MILLRACE_"

    static func environmentName(of name: String) -> String {
        environmentPrefix + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}
