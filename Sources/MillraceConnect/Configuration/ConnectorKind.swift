/// A source or a sink.
public enum Connector: Sendable {
    /// The changes of another system, into topics.
    case source(any SourceConnector)
    /// The records of topics, into another system.
    case sink(any SinkConnector)
}

/// A kind of connectors that a configuration can name, and the way to make one from its settings.
///
/// ```swift
/// let lines = ConnectorKind("file-source") { settings in
///     .source(FileSource(path: settings.text("path"), topic: settings.text("topic")))
/// }
/// ```
public struct ConnectorKind: Sendable {
    /// The name, as `"type"` has it: the system and the direction, such as `postgres-source`.
    public let name: String
    /// Makes a connector, and connects to nothing yet.
    let make: @Sendable (ConnectorSettings) throws -> Connector

    /// Makes a kind.
    ///
    /// - Parameters:
    ///   - name: the name, as `"type"` has it: the system and the direction, such as `postgres-source`.
    ///   - make: reads the settings and makes a connector from them, without connecting to anything. A value that is wrong is
    ///     reported by the settings themselves, and the connector is thrown away. A ``ConnectorError`` that it throws is reported as well.
    public init(_ name: String, make: @escaping @Sendable (ConnectorSettings) throws -> Connector) {
        self.name = name
        self.make = make
    }

    /// Makes a connector from its settings, in which every key has to be known.
    ///
    /// - Throws: ``InvalidConnectConfiguration`` with all problems.
    package func connector(from settings: ConnectorSettings) throws(InvalidConnectConfiguration) -> Connector {
        var connector: Connector?
        do { connector = try make(settings) } catch {
            // An error that follows from values that are reported already says nothing new.
            if settings.problems.isEmpty { settings.report("\(error)") }
        }
        settings.reportUnknown()
        guard let connector, settings.problems.isEmpty else { throw InvalidConnectConfiguration(settings.problems) }
        return connector
    }

    /// Makes a connector from one JSON object, as a configuration has it under the connector's name.
    ///
    /// - Parameters:
    ///   - json: the object, with or without `"type"`.
    ///   - path: the place of the object, for the messages; `connectors.NAME` in a configuration.
    /// - Throws: ``InvalidConnectConfiguration`` with all problems.
    public func connector(json: String, path: String = "") throws(InvalidConnectConfiguration) -> Connector {
        let settings = try ConnectorSettings(json: json, path: path)
        settings.skip("type")
        return try connector(from: settings)
    }
}
