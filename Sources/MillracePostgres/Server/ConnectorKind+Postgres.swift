public import MillraceConnect

extension ConnectorKind {
    /// The changes of tables of PostgreSQL: `{"type": "postgres-source", "host": "db", "database": "agents", "user": "millrace",
    /// "password": {"file": "/run/secrets/postgres"}, "tables": ["public.agent_context"]}`. Settings have the names of
    /// ``PostgresSourceConfiguration``.
    public static let postgresSource = ConnectorKind("postgres-source") { settings in
        var configuration = PostgresSourceConfiguration(
            server: PostgresServer(settings), tables: settings.list("tables"),
            slot: settings.text("slot", default: "millrace"))
        configuration.publication = settings.text("publication", default: configuration.publication)
        configuration.createsPublication = settings.boolean("createsPublication", default: true)
        configuration.createsSlot = settings.boolean("createsSlot", default: true)
        configuration.topicPrefix = settings.optionalText("topicPrefix") ?? ""
        configuration.format = settings.choice("format", default: configuration.format)
        configuration.unchangedValues = settings.choice("unchangedValues", default: configuration.unchangedValues)
        configuration.onLostChanges = settings.choice("onLostChanges", default: configuration.onLostChanges)
        configuration.onTruncate = settings.choice("onTruncate", default: configuration.onTruncate)
        configuration.onKeyChange = settings.choice("onKeyChange", default: configuration.onKeyChange)
        configuration.unknownTypes = settings.choice("unknownTypes", default: configuration.unknownTypes)
        configuration.readsSnapshot = settings.boolean("readsSnapshot", default: true)
        configuration.transactionsTopic = settings.optionalText("transactionsTopic")
        configuration.splitCount = settings.number(
            "splitCount", in: 1...1_000_000, default: configuration.splitCount)
        configuration.splitSizeInBytes = settings.number(
            "splitSizeInBytes", in: 1...(1 << 30), default: configuration.splitSizeInBytes)
        for problem in configuration.problems() { settings.report(problem) }
        return .source(PostgresSource(configuration))
    }

    /// Topics into a table of PostgreSQL: `{"type": "postgres-sink", "host": "db", "database": "agents", "user": "millrace",
    /// "password": {"file": "/run/secrets/postgres"}, "topics": ["contexts"], "table": "agent_context"}`. Settings have the names of
    /// ``PostgresSinkConfiguration``; `name` is the worker's and the connector's by default, and `createsTable` an object of types by column.
    public static let postgresSink = ConnectorKind("postgres-sink") { settings in
        var configuration = PostgresSinkConfiguration(
            server: PostgresServer(settings), name: settings.text("name", default: settings.offsetsName),
            topics: settings.list("topics"), table: settings.text("table"))
        configuration.keyColumns = settings.list("keyColumns", default: [])
        configuration.keyFormat = settings.choice("keyFormat", default: configuration.keyFormat)
        configuration.columns = settings.list("columns", default: [])
        configuration.unknownFields = settings.choice("unknownFields", default: configuration.unknownFields)
        configuration.createsTable = settings.texts("createsTable").sorted { $0.key < $1.key }.map { .init($0, $1) }
        configuration.offsetsTable = settings.text("offsetsTable", default: configuration.offsetsTable)
        for problem in configuration.problems() { settings.report(problem) }
        return .sink(PostgresSink(configuration))
    }
}

extension PostgresServer {
    /// Reads the settings of a server.
    init(_ settings: ConnectorSettings) {
        self.init(
            host: settings.text("host", default: "127.0.0.1"),
            port: settings.number("port", in: 1...65_535, default: 5_432), database: settings.text("database"),
            user: settings.text("user"), password: settings.optionalSecret("password")?.value)
        parameters = settings.texts("parameters")
        timeLimitMs = settings.number("timeLimitMs", in: 1...86_400_000, default: timeLimitMs)
    }
}
