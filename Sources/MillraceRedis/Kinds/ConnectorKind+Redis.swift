public import MillraceConnect

extension ConnectorKind {
    /// The kinds of connectors for Redis and Valkey.
    public static let redis = [redisStreamsSource, redisPubSubSource, redisStreamsSink, redisVectorsSink]

    /// Streams as a source: `redis-streams-source`. ``RedisStreamsSource``.
    public static let redisStreamsSource = ConnectorKind("redis-streams-source") { settings in
        var configuration = RedisStreamsSource.Configuration(topics: settings.texts("streams"))
        let defaults = configuration
        configuration.server = settings.redisServer()
        configuration.start = settings.choice("start", default: defaults.start)
        configuration.key = settings.streamKey()
        configuration.value = settings.optionalText("valueField").map { .field($0) } ?? .fields
        configuration.usesEntryTimes = settings.boolean("entryTimes", default: true)
        configuration.loss = settings.choice("onLoss", default: defaults.loss)
        configuration.group = settings.optionalText("group")
        configuration.consumer = settings.text("consumer", default: defaults.consumer)
        configuration.deadAfter = settings.duration("deadAfter", default: defaults.deadAfter)
        configuration.readSizeInBytes = settings.number(
            "readSizeInBytes", in: 65_536...(256 << 20), default: defaults.readSizeInBytes)
        return .source(try RedisStreamsSource(configuration))
    }

    /// Channels and keyspace events as a source: `redis-pubsub-source`. ``RedisPubSubSource``.
    public static let redisPubSubSource = ConnectorKind("redis-pubsub-source") { settings in
        var configuration = RedisPubSubSource.Configuration(topic: settings.topic("topic"))
        configuration.server = settings.redisServer()
        configuration.channels = settings.list("channels", default: [])
        configuration.patterns = settings.list("patterns", default: [])
        configuration.keyspacePatterns = settings.list("keyspace", default: [])
        configuration.queueCount = settings.number("queueCount", in: 1...10_000_000, default: configuration.queueCount)
        configuration.queueSizeInBytes = settings.number(
            "queueSizeInBytes", in: 65_536...(1 << 30), default: configuration.queueSizeInBytes)
        return .source(try RedisPubSubSource(configuration))
    }

    /// Streams as a sink: `redis-streams-sink`. ``RedisStreamsSink``.
    public static let redisStreamsSink = ConnectorKind("redis-streams-sink") { settings in
        var configuration = RedisStreamsSink.Configuration(
            name: settings.text("name", default: settings.offsetsName), streams: settings.texts("streams"))
        let defaults = configuration
        configuration.server = settings.redisServer()
        if settings.choice("entry", default: EntryForm.value) == .fields {
            configuration.entry = .fields
        } else {
            configuration.entry = .value(field: settings.text("valueField", default: "value"))
        }
        configuration.keyField = settings.optionalText("keyField") ?? defaults.keyField
        if let count = settings.optionalNumber("maxCount", in: 1...Int.max) { configuration.bound = .count(count) }
        if let age = settings.optionalDuration("maxAge") {
            if settings.has("maxCount") { settings.report("needs another key: maxCount is given, too", at: "maxAge") }
            configuration.bound = .age(age)
        }
        configuration.isExact = settings.boolean("exact", default: false)
        return .sink(try RedisStreamsSink(configuration))
    }

    /// A mirror of embeddings: `redis-vectors-sink`. ``RedisVectors``.
    public static let redisVectorsSink = ConnectorKind("redis-vectors-sink") { settings in
        var configuration = RedisVectors.Configuration(
            name: settings.text("name", default: settings.offsetsName), topics: settings.list("topics"),
            dimension: settings.number("dimension", in: 1...32_768))
        let defaults = configuration
        configuration.server = settings.redisServer()
        configuration.layout.prefix = settings.text("prefix", default: defaults.layout.prefix)
        if let namespace = settings.optionalText("namespace") {
            (configuration.layout.hasNamespaces, configuration.namespace) = (true, namespace)
        }
        configuration.keyMember = settings.optionalText("keyMember")
        if settings.boolean("bytes", default: false) {
            configuration.vector = .bytes
        } else {
            configuration.vector = .member(settings.text("vectorMember", default: "embedding"))
        }
        if let member = settings.optionalText("versionMember") { configuration.version = .member(member) }
        if let time = settings.optionalDuration("expireAfter") { configuration.expiry = .after(time) }
        if let member = settings.optionalText("expiryMember") { configuration.expiry = .member(member) }
        configuration.index =
            settings.boolean("hasIndex", default: true) ? settings.text("index", default: "embeddings") : nil
        configuration.metric = settings.choice("metric", default: defaults.metric)
        for (field, word) in settings.texts("attributes") {
            guard let attribute = RedisVectors.Configuration.Attribute(rawValue: word) else {
                settings.report("must be tag, number or text for \(field)", at: "attributes")
                continue
            }
            configuration.attributes[field] = attribute
        }
        configuration.links = settings.number("links", in: 2...512, default: defaults.links)
        configuration.buildEffort = settings.number("buildEffort", in: 1...4_096, default: defaults.buildEffort)
        return .sink(try RedisVectors(configuration))
    }
}

/// The form of an entry, as a configuration names it.
private enum EntryForm: String, CaseIterable { case value, fields }

/// The key of a record, as a configuration names it.
private enum KeyForm: String, CaseIterable { case id, none }

extension ConnectorSettings {
    fileprivate func streamKey() -> RedisStreamsSource.Configuration.Key {
        if let field = optionalText("keyField") { return .field(field) }
        return choice("key", default: KeyForm.id) == .id ? .id : .none
    }

    /// Reads the object `server`.
    fileprivate func redisServer() -> RedisServerSettings {
        let object = object("server")
        var server = RedisServerSettings()
        server.host = object.text("host", default: server.host)
        server.port = object.number("port", in: 1...65_535, default: server.port)
        server.user = object.optionalText("user")
        server.password = object.optionalSecret("password")?.value
        server.database = object.number("database", in: 0...1_000_000, default: server.database)
        server.usesTLS = object.boolean("tls", default: false)
        server.authoritiesFile = object.optionalText("authoritiesFile")
        server.certificateFile = object.optionalText("certificateFile")
        server.keyFile = object.optionalText("keyFile")
        server.connectTimeout = object.duration("connectTimeout", default: server.connectTimeout)
        server.commandTimeout = object.duration("commandTimeout", default: server.commandTimeout)
        return server
    }
}
