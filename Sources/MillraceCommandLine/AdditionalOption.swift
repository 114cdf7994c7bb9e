/// An option of a command beside those of every instance. It is read from the same layers: `--listen` on the command line,
/// `MILLRACE_LISTEN` in the environment, `"listen"` in the configuration file.
///
/// The command declares the flag itself, with ArgumentParser, and checks the text:
///
/// ```swift
/// @Option var listen: String?
/// var additionalOptions: [AdditionalOption] { [AdditionalOption("listen", given: listen)] }
/// ```
public struct AdditionalOption: Sendable, Hashable {
    /// The name in kebab case, without dashes at the beginning.
    public var name: String
    /// The text on the command line; `nil` if the flag was not given.
    public var given: String?

    /// Makes an option.
    ///
    /// - Parameters:
    ///   - name: the name in kebab case, without dashes at the beginning.
    ///   - given: the text on the command line; `nil` if the flag was not given.
    public init(_ name: String, given: String?) {
        self.name = name
        self.given = given
    }

    /// The environment variable that sets the option.
    public var environmentName: String { OptionNames.environmentName(of: name) }
}
