/// A setting of an instance as it is in force, for those who show it.
public struct SettingDescription: Sendable, Hashable, Identifiable {
    /// The setting's name in kebab case, as on the command line. A setting of librdkafka has the name of its group in front, as in
    /// `kafka.client.rack`.
    public var id: String { name }
    /// The setting's name.
    public var name: String
    /// The heading under which the help has it.
    public var group: String
    /// The value as text; `nil` if it is hidden, because it may be a password, a key or a token.
    public var value: String?
    /// The default as text; `nil` if there is none.
    public var defaultValue: String?
    /// The source of the value: a flag, a variable of the environment, the key of a file, `code` or `default`.
    public var source: String
    /// The meaning of the setting, in a sentence without its full stop.
    public var summary: String

    /// Makes a description.
    ///
    /// - Parameters:
    ///   - name: the setting's name.
    ///   - group: the heading under which it is shown.
    ///   - value: the value as text; `nil` to hide it.
    ///   - defaultValue: the default as text; none by default.
    ///   - source: what gave the value.
    ///   - summary: the setting's meaning; empty by default.
    public init(
        name: String, group: String, value: String?, defaultValue: String? = nil, source: String, summary: String = ""
    ) {
        self.name = name
        self.group = group
        self.value = value
        self.defaultValue = defaultValue
        self.source = source
        self.summary = summary
    }
}

extension SettingDescription {
    /// Describes a setting that has a value.
    ///
    /// - Parameters:
    ///   - root: has the value.
    ///   - defaults: a root whose fields have their defaults.
    ///   - origin: what gave the value; `nil` if nothing is known to have.
    package init<Root>(_ setting: Setting<Root>, in root: Root, defaults: Root, origin: String?) {
        let value = setting.text(in: root)
        let isDefault = setting.absence != .required && value == setting.text(in: defaults)
        self.init(
            name: setting.name, group: setting.group.rawValue, value: value,
            defaultValue: setting.defaultText(in: defaults), source: origin ?? (isDefault ? "default" : "code"),
            summary: setting.summary)
    }
}

extension StreamsConfiguration {
    /// All settings with their values: first those of the application, then those that are passed to librdkafka.
    ///
    /// ```swift
    /// for setting in configuration.settingDescriptions { print(setting.name, setting.value ?? "hidden") }
    /// ```
    public var settingDescriptions: [SettingDescription] {
        let defaults = StreamsConfiguration(applicationID: "", bootstrapServers: [], stateDirectory: stateDirectory)
        return Self.settings.map { SettingDescription($0, in: self, defaults: defaults, origin: nil) }
            + clientSettings.descriptions { _, _ in nil }
    }
}

extension StreamsConfiguration.ClientOverrides {
    /// Describes the settings of all clients.
    ///
    /// - Parameter origin: returns what gave a setting, by its group and its name; `nil` if that is not known.
    package func descriptions(origin: (_ scope: String, _ name: String) -> String?) -> [SettingDescription] {
        [("kafka", common), ("consumer", consumer), ("producer", producer), ("admin", admin)].flatMap {
            scope, settings in
            settings.sorted { $0.key < $1.key }.map { name, value in
                SettingDescription(
                    name: "\(scope).\(name)", group: SettingGroup.clients.rawValue,
                    value: Self.isSecret(name) ? nil : value, source: origin(scope, name) ?? "code",
                    summary: "Passed to librdkafka unchanged")
            }
        }
    }

    /// Whether the value of a setting of librdkafka may be a password, a key or a token.
    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        let parts = [
            "password", "secret", "token", "credential", "jaas", "oauthbearer.config", "keystore", "assertion",
        ]
        return parts.contains { name.contains($0) } || name.hasSuffix("key.pem") || name.hasSuffix(".key")
    }
}
