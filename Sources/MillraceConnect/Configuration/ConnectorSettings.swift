package import Millrace

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The settings of one connector: a JSON object, whose values are read one by one with their types.
///
/// A value that is missing or wrong does not end the reading. It is noted, and a stand-in is returned, so that all problems are known
/// at the end. A key that nothing has asked for is a problem, too. One thread uses the settings.
public final class ConnectorSettings {
    /// The place of the object, with dots between the levels: `connectors.orders`.
    public let path: String
    /// The connector's name, if the settings are those of a connector of a configuration; otherwise their place.
    public var connectorName: String {
        let folder = "connectors."
        return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : path.isEmpty ? "connector" : path
    }
    /// The name under which a sink keeps its offsets in the target, if it is given no other: the worker's and the connector's, such as
    /// `bank:orders`, so that connectors of several workers may write into one target. Outside of a worker's configuration, the connector's.
    public var offsetsName: String { offsetsNameOfWorker ?? connectorName }
    private let offsetsNameOfWorker: String?
    private let members: [String: JSONValue]
    private let secrets: SecretStore
    private let log: ProblemLog
    private var known: Set<String> = []
    private var nested: [ConnectorSettings] = []

    /// All problems of a connector's settings, of nested objects, too.
    private final class ProblemLog {
        var problems: [SettingProblem] = []
    }

    /// - Parameter offsetsName: the name of a connector of a worker; `nil` for settings of something else.
    package convenience init(
        path: String, members: [String: JSONValue], secrets: SecretStore = .ofProcess, offsetsName: String? = nil
    ) {
        self.init(path: path, members: members, secrets: secrets, offsetsName: offsetsName, log: ProblemLog())
    }

    private init(
        path: String, members: [String: JSONValue], secrets: SecretStore, offsetsName: String?, log: ProblemLog
    ) {
        offsetsNameOfWorker = offsetsName
        self.path = path
        self.members = members
        self.secrets = secrets
        self.log = log
    }

    /// - Throws: ``InvalidConnectConfiguration`` for text that is not a JSON object.
    package convenience init(
        json: String, path: String, secrets: SecretStore = .ofProcess
    ) throws(InvalidConnectConfiguration) {
        let value: JSONValue
        do { value = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)) } catch {
            throw InvalidConnectConfiguration([SettingProblem(path: path, message: "is not valid JSON")])
        }
        guard case .object(let members) = value else {
            throw InvalidConnectConfiguration([SettingProblem(path: path, message: "must be a JSON object")])
        }
        self.init(path: path, members: members, secrets: secrets)
    }

    // MARK: Problems

    /// The problems so far, those of nested objects included.
    public var problems: [SettingProblem] { log.problems }

    /// Notes a problem of the settings together, or of one of them.
    ///
    /// - Parameters:
    ///   - message: what is wrong, and what was expected; without secrets.
    ///   - key: the setting's name; `nil` by default, for all of them together.
    public func report(_ message: String, at key: String? = nil) {
        log.problems.append(SettingProblem(path: key.map(path(of:)) ?? path, message: message))
    }

    /// Takes keys for known that somebody else reads.
    package func skip(_ keys: String...) { known.formUnion(keys) }

    /// Notes the keys that nothing has asked for.
    package func reportUnknown() {
        for key in members.keys.sorted() where !known.contains(key) {
            report(Suggestion.unknown(key, among: known.sorted(), noun: "a setting"), at: key)
        }
        for settings in nested { settings.reportUnknown() }
    }

    private func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    // MARK: Values

    /// Whether a setting is given, if only as `null`.
    ///
    /// - Parameter key: the setting's name.
    public func has(_ key: String) -> Bool {
        known.insert(key)
        return members[key] != nil
    }

    func member(_ key: String) -> JSONValue? {
        known.insert(key)
        return members[key]
    }

    /// Returns the value of a setting; `nil` if it is missing, or wrong and reported.
    func value<Value>(_ key: String, _ syntax: ValueSyntax<Value>) -> Value? {
        guard let member = member(key) else { return nil }
        if let text = Self.text(of: member, isList: syntax.isList), let value = syntax.parse(text) { return value }
        report("must be \(syntax.expectation)", at: key)
        return nil
    }

    /// Returns the value of a setting that has to be given or has a default; else reports it and returns the stand-in.
    func value<Value>(
        _ key: String, _ syntax: ValueSyntax<Value>, default fallback: Value?, standIn: @autoclosure () -> Value
    ) -> Value {
        if let value = value(key, syntax) { return value }
        if let fallback { return fallback }
        if members[key] == nil { reportMissing(key) }
        return standIn()
    }

    func reportMissing(_ key: String) { report("is missing", at: key) }

    private static func text(of value: JSONValue, isList: Bool) -> String? {
        guard isList, case .array(let elements) = value else { return value.scalarText }
        let texts = elements.compactMap(\.scalarText)
        return texts.count == elements.count ? texts.joined(separator: ",") : nil
    }

    // MARK: Secrets

    /// Returns a secret, which stands in a file, `{"file": "PATH"}`, or in the environment, `{"environment": "NAME"}`. A line end
    /// at the end of the file is not part of it.
    ///
    /// - Parameter key: the setting's name.
    /// - Returns: the secret; `nil` if the setting is missing, or wrong and reported.
    public func optionalSecret(_ key: String) -> Secret? {
        guard let member = member(key) else { return nil }
        guard case .object(let place) = member else {
            report(SecretStore.expectation.message, at: key)
            return nil
        }
        switch secrets.secret(at: place.compactMapValues(\.scalarText)) {
        case .success(let secret): return secret
        case .failure(let reason):
            report(reason.message, at: key)
            return nil
        }
    }

    /// Returns a secret that has to be given, as ``optionalSecret(_:)`` does.
    ///
    /// - Parameter key: the setting's name.
    public func secret(_ key: String) -> Secret {
        if let secret = optionalSecret(key) { return secret }
        if members[key] == nil { reportMissing(key) }
        return Secret("")
    }

    // MARK: Objects

    /// Returns the settings of an object inside this one; `nil` if it is missing, or wrong and reported.
    ///
    /// - Parameter key: the setting's name.
    public func optionalObject(_ key: String) -> ConnectorSettings? {
        guard let member = member(key) else { return nil }
        guard case .object(let members) = member else {
            report("must be an object", at: key)
            return nil
        }
        return child(path(of: key), members)
    }

    /// Returns the settings of an object inside this one. A missing one is as good as an empty one: the values that it needs are
    /// reported.
    ///
    /// - Parameter key: the setting's name.
    public func object(_ key: String) -> ConnectorSettings {
        if let object = optionalObject(key) { return object }
        return members[key] == nil ? child(path(of: key), [:]) : ConnectorSettings(path: path(of: key), members: [:])
    }

    /// Returns an object's members that are objects themselves, such as one for each table, by their names in order; none if the
    /// setting is missing, or wrong and reported.
    ///
    /// - Parameter key: the setting's name.
    public func objects(_ key: String) -> [(name: String, settings: ConnectorSettings)] {
        guard let outer = optionalObject(key) else { return [] }
        return outer.members.keys.sorted().compactMap { name in
            outer.optionalObject(name).map { (name, $0) }
        }
    }

    /// Returns an object's members that are texts, numbers or true or false, as texts; none if the setting is missing, or wrong and
    /// reported.
    ///
    /// - Parameter key: the setting's name.
    public func texts(_ key: String) -> [String: String] {
        guard let outer = optionalObject(key) else { return [:] }
        var texts: [String: String] = [:]
        for (name, member) in outer.members.sorted(by: { $0.key < $1.key }) {
            outer.skip(name)
            texts[name] = member.scalarText
            if texts[name] == nil { outer.report("must be a string, a number or a boolean", at: name) }
        }
        return texts
    }

    private func child(_ path: String, _ members: [String: JSONValue]) -> ConnectorSettings {
        let settings = ConnectorSettings(
            path: path, members: members, secrets: secrets, offsetsName: offsetsNameOfWorker, log: log)
        nested.append(settings)
        return settings
    }
}
