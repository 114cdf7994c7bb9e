import Configuration
import Millrace
import MillraceRuntime

/// Reads options from the layers, highest first, and collects the problems of all of them.
///
/// A wrong value is reported even if a higher layer overrides it: it would be used as soon as the override is removed.
struct OptionReader {
    private(set) var problems: [OptionProblem] = []
    /// Whether a layer could not be read, so that a missing option may have been there.
    private var isIncomplete = false
    /// The options for which a layer gives a wrong value.
    private var wrong: Set<String> = []
    private var layers: [Layer] = []
    private var settings: [ClientScope: [ClientSetting]] = [:]
    private let additional: [AdditionalOption]

    private static let configVariable = OptionNames.environmentName(of: RunningOptions.configName)

    private struct Layer {
        var snapshot: any ConfigSnapshot
        var keyPrefix: [String] = []
        var origin: (_ name: String) -> OptionOrigin
    }

    /// - Parameters:
    ///   - commandLine: the flags that were given, by option name.
    ///   - rawSettings: the NAME=VALUE arguments of the four repeatable flags.
    ///   - defaults: the values of options that no layer gives, by name.
    init(
        commandLine: [String: String], rawSettings: [ClientScope: [String]], config: String?,
        environment: [String: String], additional: [AdditionalOption] = [], defaults: [String: String] = [:]
    ) {
        self.additional = additional
        let commandLine = additional.reduce(into: commandLine) { $0[$1.name] = $1.given }
        // An empty variable counts as not set: templates of containers and units leave such variables.
        let environment = environment.filter { !$0.value.isEmpty && EnvironmentNames.isOurs($0.key) }
        let file = config ?? environment[Self.configVariable]

        let given = commandLine.map { (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false)) }
        let flags = InMemoryProvider(values: Dictionary(given) { $1 })
        layers.append(Layer(snapshot: flags.snapshot()) { .commandLine(flag: OptionNames.flag(of: $0)) })
        let variables = EnvironmentVariablesProvider(environmentVariables: environment)
        layers.append(
            Layer(snapshot: variables.snapshot(), keyPrefix: ["millrace"]) {
                .environment(variable: OptionNames.environmentName(of: $0))
            })

        takeSettings(commandLine: rawSettings)
        takeNames(environment: environment)
        if let file { takeFile(file) }
        let values = defaults.map { (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false)) }
        layers.append(
            Layer(snapshot: InMemoryProvider(values: Dictionary(values) { $1 }).snapshot()) {
                .commandLine(flag: OptionNames.flag(of: $0))
            })
    }

    /// Reads every option, even after an error, so that all problems are reported.
    mutating func read(into options: inout ResolvedInstanceOptions) {
        var lacksRequired = false
        for setting in ResolvedInstanceOptions.settings {
            let isRead = read(setting, into: &options)
            guard setting.absence == .required, !isRead else { continue }
            lacksRequired = true
            reportMissing(setting)
        }
        for option in additional {
            guard let (text, origin) = value(of: option) else { continue }
            options.additional[option.name] = text
            options.origins[option.name] = origin
        }
        // A topic that no handling uses is no error: a file may name one for all instances, and a flag may turn it off.
        if options.needsDeadLetterTopic, options.deadLetterTopic == nil {
            reportMissing(ResolvedInstanceOptions.deadLetterTopicSetting, because: "an error handling is dead-letter")
        }
        options.configuration.errorHandlers = options.errorHandlers
        for scope in ClientScope.allCases {
            options.configuration.clientSettings[keyPath: scope.settings] = clientSettings(scope, &options.origins)
        }
        if lacksRequired { return }
        // These problems concern several options together.
        for problem in options.configuration.problemsBesideClientSettings() { report(problem) }
    }

    /// Takes the option's value from the highest layer with a valid one and puts it into the options; returns whether one was
    /// found.
    private mutating func read(
        _ setting: Setting<ResolvedInstanceOptions>, into options: inout ResolvedInstanceOptions
    ) -> Bool {
        var isRead = false
        for layer in layers {
            let key = AbsoluteConfigKey(layer.keyPrefix + [setting.name])
            // None of the three snapshots refuses a string.
            let found = try? layer.snapshot.value(forKey: key, type: .string)
            guard let text = found?.value?.content.text else { continue }
            if let assign = setting.parse(text) {
                if !isRead {
                    assign(&options)
                    options.origins[setting.name] = layer.origin(setting.name)
                }
                isRead = true
            } else {
                wrong.insert(setting.name)
                report("must be \(setting.expectation), not \"\(text)\"", origin: layer.origin(setting.name))
            }
        }
        return isRead
    }

    /// Returns the text of the highest layer that has an option of the command, and where it stands.
    private func value(of option: AdditionalOption) -> (text: String, origin: OptionOrigin)? {
        layers.lazy.compactMap { layer in
            let key = AbsoluteConfigKey(layer.keyPrefix + [option.name])
            let found = (try? layer.snapshot.value(forKey: key, type: .string))?.value
            return found?.content.text.map { ($0, layer.origin(option.name)) }
        }.first
    }

    /// Reports an option that no layer gives. An option with a wrong value has been reported already.
    private mutating func reportMissing(_ setting: Setting<ResolvedInstanceOptions>, because reason: String? = nil) {
        if wrong.contains(setting.name) || isIncomplete { return }
        let ways = "\(setting.flag), \(setting.environmentName), or \"\(setting.name)\" in the configuration file"
        report("missing\(reason.map { ", and \($0)" } ?? ""): give \(ways)")
    }

    /// Returns the raw settings of one group, with the highest layer's value for each name.
    private mutating func clientSettings(
        _ scope: ClientScope, _ origins: inout [String: OptionOrigin]
    ) -> [String: String] {
        var merged: [String: String] = [:]
        for setting in settings[scope, default: []] {
            if let problem = setting.problem { problems.append(problem) }
            guard merged[setting.name] == nil else { continue }
            merged[setting.name] = setting.value
            origins["\(scope.rawValue).\(setting.name)"] = setting.origin
        }
        return merged
    }

    private mutating func report(_ message: String, origin: OptionOrigin? = nil) {
        problems.append(OptionProblem(origin: origin, message: message))
    }

    private mutating func takeSettings(commandLine: [ClientScope: [String]]) {
        for scope in ClientScope.allCases {
            let origin = OptionOrigin.commandLine(flag: scope.flag)
            // The last of several flags wins, as with every other flag.
            for argument in commandLine[scope, default: []].reversed() {
                if let setting = ClientSetting(argument: argument, origin: origin) {
                    settings[scope, default: []].append(setting)
                } else {
                    report("must be NAME=VALUE", origin: origin)
                }
            }
        }
    }

    private mutating func takeNames(environment: [String: String]) {
        let known =
            ResolvedInstanceOptions.settings.map(\.environmentName) + additional.map(\.environmentName)
            + [Self.configVariable]
        for (variable, value) in environment.sorted(by: { $0.key < $1.key }) where !known.contains(variable) {
            let origin = OptionOrigin.environment(variable: variable)
            if let setting = EnvironmentNames.setting(variable) {
                settings[setting.scope, default: []].append(
                    ClientSetting(name: setting.name, value: value, origin: origin))
            } else {
                report(Suggestion.unknown(variable, among: known), origin: origin)
            }
        }
    }

    private mutating func takeFile(_ path: String) {
        do {
            let file = try ConfigurationFile(path: path, additional: additional)
            problems += file.problems
            settings.merge(file.settings) { $0 + $1 }
            layers.append(Layer(snapshot: file) { .file(path: path, key: $0) })
        } catch {
            problems.append(error.problem)
            isIncomplete = true
        }
    }
}

extension ConfigContent {
    fileprivate var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
