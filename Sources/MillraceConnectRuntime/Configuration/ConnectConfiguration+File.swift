package import Millrace
public import MillraceConnect
import MillraceRuntime

extension ConnectConfiguration {
    /// Reads a configuration file, and checks everything in it. It connects to nothing; secrets are read from their places.
    ///
    /// ```swift
    /// let configuration = try ConnectConfiguration(file: "connect.json", kinds: [.fileSource, .fileSink])
    /// ```
    ///
    /// - Parameters:
    ///   - path: the file's path.
    ///   - kinds: the kinds of connectors that the file can name.
    /// - Throws: `InvalidConnectConfiguration` with all problems.
    public init(file path: String, kinds: [ConnectorKind]) throws(InvalidConnectConfiguration) {
        try self.init(file: path, kinds: kinds) { _ in nil }
    }

    /// - Parameter serverProblem: says what is wrong with the settings of the server, if anything.
    package init(
        file path: String, kinds: [ConnectorKind], serverProblem: ([String: String]) -> String?
    ) throws(InvalidConnectConfiguration) {
        let document: JSONValue
        do { document = try JSONFile.read(path) } catch {
            throw InvalidConnectConfiguration([SettingProblem(path: path, message: error.reason)])
        }
        try self.init(document, file: path, kinds: kinds, serverProblem: serverProblem)
    }

    /// - Parameter file: the path to name for the document as a whole.
    package init(
        _ document: JSONValue, file: String, kinds: [ConnectorKind], secrets: SecretStore = .ofProcess,
        serverProblem: ([String: String]) -> String? = { _ in nil }
    ) throws(InvalidConnectConfiguration) {
        guard case .object(let members) = document else {
            throw InvalidConnectConfiguration([SettingProblem(path: file, message: "must be a JSON object")])
        }
        let settings = ConnectorSettings(path: "", members: members, secrets: secrets)
        self.init(
            name: settings.topic("name"), bootstrapServers: settings.addresses("bootstrapServers"), connectors: [])
        // The settings have reported a name that is none at all.
        if KafkaName.problem(of: name) == nil, let reason = WorkerNames.problem(ofWorker: name) {
            settings.report(reason, at: "name")
        }
        clientSettings = settings.texts("kafka")
        for (name, value) in clientSettings.sorted(by: { $0.key < $1.key }) {
            guard let problem = StreamsConfiguration.problem(ofClientSetting: name, value: value) else { continue }
            settings.report(problem, at: "kafka.\(name)")
        }
        replicationFactor = settings.replicationFactor("replicationFactor")
        partCheckInterval = settings.duration(
            "partCheckInterval", in: .milliseconds(100)...(.seconds(86_400)), default: partCheckInterval)
        server = Self.server(settings)
        if let problem = serverProblem(server) { settings.report(problem, at: "server") }
        settings.skip("connectors")
        var problems: [SettingProblem] = []
        if case .object(let described)? = members["connectors"], !described.isEmpty {
            problems = readConnectors(described, kinds, secrets)
        } else {
            settings.report("must be an object with at least one connector by its name", at: "connectors")
        }
        settings.reportUnknown()
        problems += settings.problems
        guard problems.isEmpty else { throw InvalidConnectConfiguration(problems) }
    }

    /// Adds the connectors, in the order of their names.
    ///
    /// - Returns: what is wrong with those that are left out.
    private mutating func readConnectors(
        _ described: [String: JSONValue], _ kinds: [ConnectorKind], _ secrets: SecretStore
    ) -> [SettingProblem] {
        var problems: [SettingProblem] = []
        for (name, description) in described.sorted(by: { $0.key < $1.key }) {
            do throws(InvalidConnectConfiguration) {
                connectors.append(try connector(name, description, kinds, secrets))
            } catch {
                problems += error.problems
            }
        }
        return problems
    }

    private func connector(
        _ name: String, _ description: JSONValue, _ kinds: [ConnectorKind], _ secrets: SecretStore
    ) throws(InvalidConnectConfiguration) -> ConfiguredConnector {
        let path = "connectors.\(name)"
        func problem(_ message: String, at key: String? = nil) -> InvalidConnectConfiguration {
            InvalidConnectConfiguration([SettingProblem(path: path + (key.map { ".\($0)" } ?? ""), message: message)])
        }
        if let reason = KafkaName.problem(of: name) { throw problem("the name \(reason)") }
        guard case .object(let members) = description else { throw problem("must be an object") }
        guard case .string(let type)? = members["type"] else {
            throw problem(
                "must be the name of a kind of connectors, such as \(kinds.first?.name ?? "file-source")", at: "type")
        }
        guard let kind = kinds.first(where: { $0.name == type }) else {
            throw problem(
                "\(KafkaName.quoted(type)) \(Suggestion.unknown(type, among: kinds.map(\.name), noun: "a kind of connectors"))",
                at: "type")
        }
        let settings = ConnectorSettings(
            path: path, members: members, secrets: secrets, offsetsName: names.offsetsName(of: name))
        settings.skip("type")
        let pauseAtLag = settings.optionalObject("pauseAtLag").map { limit in
            LagLimit(
                group: limit.text("group"),
                records: Int64(limit.number("records", in: 1...1_000_000_000, default: 10_000)))
        }
        let deadLetterTopic = settings.has("deadLetterTopic") ? settings.topic("deadLetterTopic") : nil
        let passesOverLostRecords = settings.boolean("passOverLostRecords", default: false)
        let connector = try kind.connector(from: settings)
        var configured = ConfiguredConnector(name: name, type: type, connector: connector, pauseAtLag: pauseAtLag)
        configured.deadLetterTopic = deadLetterTopic
        configured.passesOverLostRecords = passesOverLostRecords
        configured.digest = SettingsDigest(members)
        let others: (keys: [String], purpose: String) =
            switch connector {
            case .source: (["deadLetterTopic", "passOverLostRecords"], "is for sinks")
            case .sink: (["pauseAtLag"], "is for sources")
            }
        if let key = others.keys.first(where: settings.has) { throw problem(others.purpose, at: key) }
        return configured
    }

    /// The keys of the object `server`, each with the name of the same option of a command.
    package static let serverNames = [
        "listen": "listen", "addressFile": "address-file", "tlsCertificate": "tls-certificate", "tlsKey": "tls-key",
        "tlsClientAuthority": "tls-client-authority", "tlsPeerAuthority": "tls-peer-authority", "tokens": "tokens",
    ]

    private static func server(_ settings: ConnectorSettings) -> [String: String] {
        guard let server = settings.optionalObject("server") else { return [:] }
        var texts: [String: String] = [:]
        for (key, name) in serverNames { texts[name] = server.optionalText(key) }
        return texts
    }
}
