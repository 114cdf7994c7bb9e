public import ArgumentParser
import MillraceRuntime

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The options of every Millrace process, from the command line, the environment and a configuration file.
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
/// ArgumentParser stops at the first argument it cannot read. So it reads only texts. Their meaning is checked here, all at once,
/// together with the other layers.
public struct InstanceOptions: ParsableArguments, Sendable {
    @OptionGroup(title: SettingGroup.application.rawValue) var application: SettingFlags<ApplicationGroup>
    @OptionGroup(title: SettingGroup.processing.rawValue) var processing: SettingFlags<ProcessingGroup>
    @OptionGroup(title: SettingGroup.state.rawValue) var state: SettingFlags<StateGroup>
    @OptionGroup(title: SettingGroup.errors.rawValue) var errors: SettingFlags<ErrorsGroup>
    @OptionGroup(title: SettingGroup.clients.rawValue) var clients: ClientOptions
    @OptionGroup(title: SettingGroup.running.rawValue) var running: RunningOptions

    /// Creates empty options, as ArgumentParser requires it; `InstanceOptions.parse(_:)` fills them.
    public init() {}

    /// Whether the process is to reset the application and exit, rather than run it. `StreamsCommand` does so; any other command
    /// has to call `StreamsApplication.reset()` itself.
    public var isReset: Bool { running.reset }

    /// Explains the layers, with an example and the exit statuses. Use it in a command's `CommandConfiguration`.
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

    /// Reads all layers and checks everything in them.
    ///
    /// - Parameters:
    ///   - environment: the environment to read; by default nil, the environment of this process.
    ///   - additional: options of the command beside those of every instance; none by default.
    /// - Throws: `ValidationError`, which makes a command exit with status 64 (EX_USAGE). Its text has every problem with its
    ///   origin.
    public func resolve(
        environment: [String: String]? = nil, additional: [AdditionalOption] = []
    ) throws -> ResolvedInstanceOptions {
        do {
            return try check(environment: environment, additional: additional).get()
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Resolves the options as ``resolve(environment:additional:)`` does, but returns the problems as data.
    ///
    /// - Parameters:
    ///   - environment: the environment to read; by default nil, the environment of this process.
    ///   - additional: options of the command beside those of every instance; none by default.
    public func check(
        environment: [String: String]? = nil, additional: [AdditionalOption] = []
    ) -> Result<ResolvedInstanceOptions, InvalidOptions> {
        check(environment: environment, additional: additional, defaults: [:])
    }

    /// Resolves the options where some that are required have a default, because the verb does not need them.
    func check(
        environment: [String: String]? = nil, additional: [AdditionalOption] = [], defaults: [String: String]
    ) -> Result<ResolvedInstanceOptions, InvalidOptions> {
        let environment = environment ?? ProcessInfo.processInfo.environment
        var reader = OptionReader(
            commandLine: commandLine, rawSettings: clients.rawSettings, config: running.config,
            environment: environment, additional: additional, defaults: defaults)
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

/// Settings passed to librdkafka unchanged.
struct ClientOptions: ParsableArguments, Sendable {
    @Option(.common, of: "every client") var kafka: [String] = []
    @Option(.consumer, of: "consumers only") var consumer: [String] = []
    @Option(.producer, of: "producers only") var producer: [String] = []
    @Option(.admin, of: "the admin client only") var admin: [String] = []

    var rawSettings: [ClientScope: [String]] {
        [.common: kafka, .consumer: consumer, .producer: producer, .admin: admin]
    }
}

/// The options of the process itself.
struct RunningOptions: ParsableArguments, Sendable {
    // This option names the configuration file, so it cannot stand in one.
    @Option(
        name: RunningOptions.configName, valueName: "FILE",
        summary: "A JSON object of options, by their names without the dashes",
        otherwise: "default: none") var config: String?
    @OptionGroup var settings: SettingFlags<RunningGroup>
    // This option is not in the other layers: there it would delete everything at every start.
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
