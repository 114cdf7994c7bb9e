import Configuration

/// Reads options from the layers, highest first, and collects what is wrong in any of them.
///
/// A wrong value is told even if a higher layer overrides it: it would come to light on the day the override goes.
struct OptionReader {
    private(set) var problems: [OptionProblem] = []
    /// Whether a layer could not be read, so that what is missing may have stood there.
    private var isIncomplete = false
    private var layers: [Layer] = []
    private var settings: [ClientScope: [ClientSetting]] = [:]

    private struct Layer {
        var snapshot: any ConfigSnapshot
        var keyPrefix: [String] = []
        var origin: (any NamedOption) -> OptionOrigin
    }

    /// - Parameters:
    ///   - commandLine: The flags that were given, by option name.
    ///   - rawSettings: The NAME=VALUE arguments of the four repeatable flags.
    init(
        commandLine: [String: String], rawSettings: [ClientScope: [String]], config: String?,
        environment: [String: String]
    ) {
        // An empty variable counts as not set: templates of containers and units leave such behind.
        let environment = environment.filter { !$0.value.isEmpty && EnvironmentNames.isOurs($0.key) }
        let file = config ?? environment[InstanceOption.config.environmentName]

        let given = commandLine.map { (AbsoluteConfigKey([$0.key]), ConfigValue(.string($0.value), isSecret: false)) }
        let flags = InMemoryProvider(values: Dictionary(given) { $1 })
        layers.append(Layer(snapshot: flags.snapshot()) { .commandLine(flag: $0.flag) })
        let variables = EnvironmentVariablesProvider(environmentVariables: environment)
        layers.append(
            Layer(snapshot: variables.snapshot(), keyPrefix: ["millrace"]) {
                .environment(variable: $0.environmentName)
            })

        takeSettings(commandLine: rawSettings)
        takeNames(environment: environment)
        if let file { takeFile(file) }
    }

    /// The option's value from the highest layer that gives a good one; nil if none does.
    mutating func value<Value>(_ option: OptionDefinition<Value>) -> Value? {
        var winner: Value?
        for layer in layers {
            let key = AbsoluteConfigKey(layer.keyPrefix + [option.name])
            // None of the three snapshots refuses a string.
            let found = try? layer.snapshot.value(forKey: key, type: .string)
            guard let text = found?.value?.content.text else { continue }
            if let value = option.syntax.parse(text) {
                winner = winner ?? value
            } else {
                let message = "must be \(option.syntax.expectation), not \"\(text)\""
                report(message, origin: layer.origin(option))
            }
        }
        return winner
    }

    /// As ``value(_:)``, and a problem if no layer says anything.
    mutating func required<Value>(_ option: OptionDefinition<Value>, because reason: String? = nil) -> Value? {
        let problemsBefore = problems.count
        let value = value(option)
        if value == nil, problems.count == problemsBefore, !isIncomplete {
            let ways = "\(option.flag), \(option.environmentName), or \"\(option.name)\" in the configuration file"
            report("missing\(reason.map { ", and \($0)" } ?? ""): give \(ways)")
        }
        return value
    }

    /// The raw settings of one group, the highest layer's value for each name.
    mutating func clientSettings(_ scope: ClientScope) -> [String: String] {
        var merged: [String: String] = [:]
        for setting in settings[scope, default: []] {
            if let problem = setting.problem { problems.append(problem) }
            if merged[setting.name] == nil { merged[setting.name] = setting.value }
        }
        return merged
    }

    /// Adds a problem that no single layer is to blame for, or that the caller found.
    mutating func report(_ message: String, origin: OptionOrigin? = nil) {
        problems.append(OptionProblem(origin: origin, message: message))
    }

    private mutating func takeSettings(commandLine: [ClientScope: [String]]) {
        for scope in ClientScope.allCases {
            let origin = OptionOrigin.commandLine(flag: scope.flag)
            // The last of several wins, as with every other flag.
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
        let known = InstanceOption.all.map(\.environmentName) + [InstanceOption.config.environmentName]
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
            let file = try ConfigurationFile(path: path)
            problems += file.problems
            settings.merge(file.settings) { $0 + $1 }
            layers.append(Layer(snapshot: file) { .file(path: path, key: $0.name) })
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
