import Configuration
import Millrace
import MillraceRuntime

/// The configuration file: a JSON object of options by their names, with one object for each group of raw settings.
///
///     {
///         "application-id": "risk",
///         "bootstrap-servers": ["kafka-1:9092", "kafka-2:9092"],
///         "threads": 4,
///         "kafka": {"security.protocol": "SASL_SSL"}
///     }
///
/// Its snapshot has the values of all valid keys; `problems` has those of the others.
struct ConfigurationFile: ConfigSnapshot {
    let path: String
    private(set) var settings: [ClientScope: [ClientSetting]] = [:]
    private(set) var problems: [OptionProblem] = []
    private var values: [String: String] = [:]
    /// The names of the command's own options.
    private let additional: [String]

    var providerName: String { path }

    /// Reads the file.
    /// - Throws: the problem that keeps the whole file from being read.
    init(path: String, additional: [AdditionalOption] = []) throws(FileProblem) {
        self.path = path
        self.additional = additional.map(\.name)
        let document: JSONValue
        do { document = try JSONFile.read(path) } catch { throw FileProblem(path: path, reason: error.reason) }
        guard case .object(let members) = document else {
            throw FileProblem(path: path, reason: "must be a JSON object")
        }
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            take(key, value)
        }
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = key.components.joined(separator: ".")
        let value = values[name].map { ConfigValue(.string($0), isSecret: false) }
        return LookupResult(encodedKey: name, value: value)
    }

    private mutating func take(_ key: String, _ value: JSONValue) {
        if let scope = ClientScope(rawValue: key) {
            takeSettings(scope, value)
        } else if let option = ResolvedInstanceOptions.settings.first(where: { $0.name == key }) {
            if let text = Self.text(of: value, isList: option.isList) {
                values[key] = text
            } else {
                report(key, option.isList ? "must be a string or an array of strings" : "must be a string or a number")
            }
        } else if additional.contains(key) {
            values[key] = value.scalarText
            if values[key] == nil { report(key, "must be a string or a number") }
        } else {
            let known = ResolvedInstanceOptions.settings.map(\.name) + additional + ClientScope.allCases.map(\.rawValue)
            report(key, Suggestion.unknown(key, among: known))
        }
    }

    private mutating func takeSettings(_ scope: ClientScope, _ value: JSONValue) {
        guard case .object(let members) = value else {
            report(scope.rawValue, "must be an object of librdkafka settings")
            return
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let text = value.scalarText {
                let origin = OptionOrigin.file(path: path, key: "\(scope.rawValue).\(name)")
                settings[scope, default: []].append(ClientSetting(name: name, value: text, origin: origin))
            } else {
                report("\(scope.rawValue).\(name)", "must be a string, a number or a boolean")
            }
        }
    }

    private mutating func report(_ key: String, _ message: String) {
        problems.append(OptionProblem(origin: .file(path: path, key: key), message: message))
    }

    private static func text(of value: JSONValue, isList: Bool) -> String? {
        guard isList, case .array(let elements) = value else { return value.scalarText }
        let texts = elements.compactMap(\.scalarText)
        return texts.count == elements.count ? texts.joined(separator: ",") : nil
    }
}

/// The reason why a configuration file could not be read at all.
struct FileProblem: Error {
    let problem: OptionProblem

    init(path: String, reason: String) {
        problem = OptionProblem(origin: .file(path: path, key: nil), message: reason)
    }
}
