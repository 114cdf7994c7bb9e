import ArgumentParser
import MillraceRuntime

/// The flags of one group of settings.
///
/// ArgumentParser finds flags by looking at the properties of a type. Here the declared settings replace the properties, so that
/// none has to be named again.
struct SettingFlags<Group: NamedSettingGroup>: ParsableArguments, CustomReflectable, Sendable {
    /// The texts that were given, by setting name.
    private(set) var given: [String: String] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for setting in Self.settings {
            given[setting.name] = try container.decode(Option<String?>.self, forKey: Key(setting.name)).wrappedValue
        }
    }

    var customMirror: Mirror {
        let flags = Self.settings.map { setting -> Mirror.Child in (setting.name, Option<String?>(setting)) }
        return Mirror(self, children: flags, displayStyle: .struct)
    }

    private static var settings: [Setting<ResolvedInstanceOptions>] {
        ResolvedInstanceOptions.settings.filter { Group.contains($0) }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

/// A group of settings as a type, because ArgumentParser works with types.
protocol NamedSettingGroup {
    static var group: SettingGroup { get }
    /// Whether a setting is one of the group's flags.
    static func contains(_ setting: Setting<ResolvedInstanceOptions>) -> Bool
}

extension NamedSettingGroup {
    static func contains(_ setting: Setting<ResolvedInstanceOptions>) -> Bool { setting.group == group }
}

enum ApplicationGroup: NamedSettingGroup { static let group = SettingGroup.application }
enum ProcessingGroup: NamedSettingGroup { static let group = SettingGroup.processing }
enum StateGroup: NamedSettingGroup { static let group = SettingGroup.state }
enum ErrorsGroup: NamedSettingGroup { static let group = SettingGroup.errors }
enum RunningGroup: NamedSettingGroup { static let group = SettingGroup.running }

extension Option where Value == String? {
    /// A flag with the name and the help of a setting.
    init(_ setting: Setting<ResolvedInstanceOptions>) {
        let defaultText = setting.defaultText(in: ResolvedInstanceOptions.defaults)
        self.init(
            name: setting.name, valueName: setting.valueName, summary: setting.summary,
            otherwise: defaultText.map { "default: \($0)" } ?? "required",
            // A value that may begin with a dash takes the next argument whatever it looks like: otherwise -1 would be taken for a
            // flag.
            parsing: setting.canBeginWithDash ? .unconditional : .next, words: setting.words)
    }

    init(
        name: String, valueName: String, summary: String, otherwise: String,
        parsing: SingleValueParsingStrategy = .next, words: [String]? = nil
    ) {
        self.init(
            name: .customLong(name), parsing: parsing,
            help: ArgumentHelp(
                "\(summary). (\(otherwise); \(OptionNames.environmentName(of: name)))", valueName: valueName),
            completion: words.map { .list($0) }
                ?? (valueName == "FILE" ? .file() : valueName == "PATH" ? .directory : nil))
    }
}
