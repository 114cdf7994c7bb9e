package import Millrace

/// A setting of an application, declared once for everything that has to know it. The command line, the environment and the
/// configuration file read it by its name. Their help and the page on running show its summary and its default. Values that are not
/// allowed are refused wherever they come from.
///
/// The default is the value of the field; it is not repeated here.
package struct Setting<Root>: Sendable {
    /// The setting's name in kebab case, with its unit at the end.
    package let name: String
    package let group: SettingGroup
    /// The placeholder of the value in the help, such as `COUNT`.
    package let valueName: String
    /// One sentence for the help, without its full stop.
    package let summary: String
    package let absence: SettingDefault
    /// Completes "must be …".
    package let expectation: String
    /// Whether a configuration file may give an array.
    package let isList: Bool
    /// Whether a value can begin with a dash.
    package let canBeginWithDash: Bool
    /// All values as they are written, if there are only these.
    package let words: [String]?
    /// Returns a closure that puts the text's value into the field; `nil` for text that is not as expected.
    package let parse: @Sendable (_ text: String) -> (@Sendable (inout Root) -> Void)?
    /// Says what is wrong with the field's value, if anything.
    package let problem: @Sendable (Root) -> String?
    private let textOfField: @Sendable (Root) -> String

    /// - Parameters:
    ///   - phrase: the setting's name in a sentence; by default its name without dashes and unit.
    package init<Value>(
        _ group: SettingGroup, _ name: String, _ field: any WritableKeyPath<Root, Value> & Sendable,
        _ valueName: String,
        _ syntax: ValueSyntax<Value>, _ summary: String, default absence: SettingDefault = .ofField,
        called phrase: String? = nil
    ) {
        let phrase = phrase ?? Self.phrase(of: name)
        self.name = name
        self.group = group
        self.valueName = valueName
        self.summary = summary
        self.absence = absence
        expectation = syntax.expectation
        isList = syntax.isList
        canBeginWithDash = syntax.canBeginWithDash
        words = syntax.words
        parse = { text in
            guard let value = syntax.parse(text) else { return nil }
            return { $0[keyPath: field] = value }
        }
        problem = { root in syntax.problem(root[keyPath: field]).map { "\(phrase): \($0)" } }
        textOfField = { root in syntax.text(root[keyPath: field]) }
    }

    /// Returns the text that means the field's value.
    package func text(in root: Root) -> String { textOfField(root) }

    /// Returns the default as it is written; `nil` if the setting is required.
    ///
    /// - Parameter defaults: a root whose fields have their defaults.
    package func defaultText(in defaults: Root) -> String? {
        switch absence {
        case .ofField: text(in: defaults)
        case .described(let text): text
        case .required: nil
        }
    }

    /// Returns the same setting for a type that holds the root as a part.
    package func inside<Whole>(_ part: any WritableKeyPath<Whole, Root> & Sendable) -> Setting<Whole> {
        Setting<Whole>(self, in: part)
    }

    private init<Part>(_ setting: Setting<Part>, in part: any WritableKeyPath<Root, Part> & Sendable) {
        (name, group, valueName, summary) = (setting.name, setting.group, setting.valueName, setting.summary)
        (absence, expectation) = (setting.absence, setting.expectation)
        (isList, canBeginWithDash, words) = (setting.isList, setting.canBeginWithDash, setting.words)
        parse = { text in
            guard let assign = setting.parse(text) else { return nil }
            return { assign(&$0[keyPath: part]) }
        }
        problem = { setting.problem($0[keyPath: part]) }
        textOfField = { setting.textOfField($0[keyPath: part]) }
    }

    private static func phrase(of name: String) -> String {
        let words = name.hasSuffix("-ms") ? name.dropLast(3) : name[...]
        return words.split(separator: "-").joined(separator: " ")
    }
}

/// The meaning of a setting's absence.
package enum SettingDefault: Hashable, Sendable {
    /// The field's initial value.
    case ofField
    /// A value that depends on others, or on the environment.
    case described(String)
    /// No default: the setting has to be given.
    case required
}

/// The headings of the help.
package enum SettingGroup: String, CaseIterable, Sendable {
    case application = "Application"
    case processing = "Processing"
    case state = "State"
    case errors = "Errors"
    case clients = "Kafka clients"
    case running = "Running"
}
