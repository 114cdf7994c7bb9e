public import ArgumentParser
import MillraceRuntime

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The options that every Millrace process takes, from the command line, the environment and a configuration file.
///
/// A command embeds them and resolves them before it starts anything:
///
///     struct Risk: AsyncParsableCommand {
///         static let configuration = CommandConfiguration(discussion: InstanceOptions.discussion)
///         @OptionGroup var instance: InstanceOptions
///
///         func run() async throws {
///             let options = try instance.resolve()
///             …
///         }
///     }
///
/// ArgumentParser stops at the first argument it cannot read. So it reads texts only, and what they mean is checked here,
/// all of it at once, together with the other layers.
public struct InstanceOptions: ParsableArguments, Sendable {
    @OptionGroup(title: SettingGroup.application.rawValue) var application: SettingFlags<ApplicationGroup>
    @OptionGroup(title: SettingGroup.processing.rawValue) var processing: SettingFlags<ProcessingGroup>
    @OptionGroup(title: SettingGroup.state.rawValue) var state: SettingFlags<StateGroup>
    @OptionGroup(title: SettingGroup.errors.rawValue) var errors: SettingFlags<ErrorsGroup>
    @OptionGroup(title: SettingGroup.clients.rawValue) var clients: ClientOptions
    @OptionGroup(title: SettingGroup.running.rawValue) var running: RunningOptions

    /// Creates options as ArgumentParser needs them; `InstanceOptions.parse(_:)` is what fills them.
    public init() {}

    /// Whether the process is to reset the application and exit, rather than run it. `StreamsCommand` does; a command of
    /// another kind has to call `StreamsApplication.reset()` itself.
    public var isReset: Bool { running.reset }

    /// Explains the layers, with an example and the exit statuses: for a command's `CommandConfiguration`.
    public static let discussion = """
        Every option may be given on the command line, in the environment, or in a JSON file; the first of these that \
        has it wins. The environment's names stand beside the options below; a variable that is empty counts as not \
        set. In the file, options go by their names without the dashes:

          {"application-id": "risk", "bootstrap-servers": ["kafka-1:9092"], "threads": 4,
           "kafka": {"security.protocol": "SASL_SSL"}}

        Settings of librdkafka, which may hold passwords, are best given in the file or the environment: \
        MILLRACE_KAFKA_SASL_PASSWORD sets sasl.password.

        EXAMPLE
          --application-id risk --bootstrap-servers localhost:9092 --threads 2

        EXIT STATUS
          0 after a clean stop, 1 after a failure, 64 if an option is wrong; then nothing has been started.
        """

    /// Reads all layers and checks all that they say.
    ///
    /// - Parameter environment: Default nil, the environment of this process.
    /// - Throws: `ValidationError`, which makes a command exit with status 64 (EX_USAGE), with every problem in its text
    ///   and where it comes from.
    public func resolve(environment: [String: String]? = nil) throws -> ResolvedInstanceOptions {
        do {
            return try check(environment: environment).get()
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// As ``resolve(environment:)``, with the problems as data.
    public func check(environment: [String: String]? = nil) -> Result<ResolvedInstanceOptions, InvalidOptions> {
        let environment = environment ?? ProcessInfo.processInfo.environment
        var reader = OptionReader(
            commandLine: commandLine, rawSettings: clients.rawSettings, config: running.config, environment: environment
        )
        var options = ResolvedInstanceOptions(environment: environment)
        reader.read(into: &options)
        guard reader.problems.isEmpty else { return .failure(InvalidOptions(problems: reader.problems)) }
        return .success(options)
    }

    private var commandLine: [String: String] {
        [application.given, processing.given, state.given, errors.given, running.settings.given]
            .reduce(into: [:]) { flags, group in flags.merge(group) { $1 } }
    }
}

/// Settings handed to librdkafka as they are.
struct ClientOptions: ParsableArguments, Sendable {
    @Option(.common, of: "every client") var kafka: [String] = []
    @Option(.consumer, of: "consumers only") var consumer: [String] = []
    @Option(.producer, of: "producers only") var producer: [String] = []
    @Option(.admin, of: "the admin client only") var admin: [String] = []

    var rawSettings: [ClientScope: [String]] {
        [.common: kafka, .consumer: consumer, .producer: producer, .admin: admin]
    }
}

/// The process's own options.
struct RunningOptions: ParsableArguments, Sendable {
    // Names the configuration file, so it cannot stand in one.
    @Option(
        name: RunningOptions.configName, valueName: "FILE",
        summary: "A JSON object of options, by their names without the dashes",
        otherwise: "default: none") var config: String?
    @OptionGroup var settings: SettingFlags<RunningGroup>
    // Not in the other layers: there it would delete everything with every start.
    @Flag(
        help: """
            Delete the application's own topics, its committed offsets and the local state, and exit: the next start begins \
            anew. All instances must have been stopped.
            """) var reset = false

    static let configName = "config"
}

extension Option where Value == [String] {
    /// A repeatable flag for raw settings.
    fileprivate init(wrappedValue: [String], _ scope: ClientScope, of clients: String) {
        self.init(
            wrappedValue: wrappedValue, name: .customLong(scope.rawValue),
            help: ArgumentHelp(
                "A librdkafka setting of \(clients); repeatable. (default: none; \(scope.environmentPrefix)…)",
                valueName: "NAME=VALUE"))
    }
}
