extension Cluster {
    /// All configs of a topic or of the broker, by name.
    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST for a broker that is not there.
    package func describeConfigs(_ resource: ConfigResource) throws(KafkaError) -> [ConfigEntry] {
        switch resource {
        case .topic(let name):
            guard let topic = topics[name] else {
                try Topic.check(name: name)
                throw KafkaError(.unknownTopicOrPartition)
            }
            return ConfigDefinition.topicConfigs.map { entry(of: $0, topic.overrides) }
        case .broker(let node):
            if node.isEmpty { return [] }
            try checkBroker(node)
            return brokerConfigs.sorted { $0.name < $1.name }
        }
    }

    private func entry(of definition: ConfigDefinition, _ overrides: [String: String]) -> ConfigEntry {
        let override = overrides[definition.name]
        var value = override ?? definition.defaultValue
        if override == nil, definition.name == "max.message.bytes" { value = String(configuration.maxMessageBytes) }
        return ConfigEntry(
            name: definition.name, value: value, source: override == nil ? .defaultConfig : .dynamicTopic,
            type: definition.type, isReadOnly: false)
    }

    private var brokerConfigs: [ConfigEntry] {
        func entry(_ name: String, _ type: ConfigType, _ value: some CustomStringConvertible) -> ConfigEntry {
            ConfigEntry(
                name: name, value: value.description, source: .staticBroker, type: type, isReadOnly: true)
        }
        let settings = configuration
        return [
            entry("auto.create.topics.enable", .boolean, settings.createsTopicsAutomatically),
            entry("default.replication.factor", .int, 1),
            entry("group.initial.rebalance.delay.ms", .int, settings.initialRebalanceDelayMs),
            entry("group.max.session.timeout.ms", .int, settings.maxSessionTimeoutMs),
            entry("group.max.size", .int, settings.maxGroupSize),
            entry("group.min.session.timeout.ms", .int, settings.minSessionTimeoutMs),
            entry("log.cleaner.backoff.ms", .long, settings.logCleanerBackoffMs),
            entry("log.retention.check.interval.ms", .long, settings.logCleanupIntervalMs),
            entry("message.max.bytes", .int, settings.maxMessageBytes),
            entry("node.id", .int, settings.nodeID),
            entry("num.partitions", .int, settings.defaultPartitionCount),
            entry("offset.metadata.max.bytes", .int, settings.maxOffsetMetadataBytes),
            entry("offsets.retention.minutes", .int, settings.offsetsRetentionMs / 60_000),
            entry("producer.id.expiration.ms", .int, settings.producerIDExpirationMs),
            entry("transaction.max.timeout.ms", .int, settings.maxTransactionTimeoutMs),
            entry("transactional.id.expiration.ms", .int, settings.transactionalIDExpirationMs),
        ]
    }

    private func checkBroker(_ node: String) throws(KafkaError) {
        guard let number = Int32(node) else {
            throw KafkaError(.invalidRequest, "Broker id must be an integer, but it is: \(node)")
        }
        guard number == configuration.nodeID else {
            throw KafkaError(
                .invalidRequest,
                "Unexpected broker id, expected \(configuration.nodeID) or empty string, but received \(node)")
        }
    }

    /// Replaces all configs of a topic. Those that are not named return to their default.
    /// - Throws: UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG; INVALID_REQUEST for brokers, whose settings are fixed.
    package func alterConfigs(
        _ resource: ConfigResource, to configs: [String: String?], validateOnly: Bool = false, nowMs: Int64
    ) throws(KafkaError) {
        let name = try alterableTopic(resource).name
        let overrides = try checkedOverrides(configs)
        if !validateOnly { perform(.topicConfigured(name: name, overrides: overrides)) }
    }

    /// Changes single configs of a topic (KIP-339).
    /// - Throws: as ``alterConfigs(_:to:validateOnly:nowMs:)``; INVALID_CONFIG also for items added to what is no list.
    package func incrementalAlterConfigs(
        _ resource: ConfigResource, _ operations: [ConfigOperation], validateOnly: Bool = false, nowMs: Int64
    ) throws(KafkaError) {
        let topic = try alterableTopic(resource)
        guard Set(operations.map(\.name)).count == operations.count else {
            throw KafkaError(.invalidRequest, "Error due to duplicate config keys")
        }
        var overrides = topic.overrides
        for operation in operations { try Self.run(operation, on: &overrides) }
        if !validateOnly { perform(.topicConfigured(name: topic.name, overrides: overrides)) }
    }

    private static func run(_ operation: ConfigOperation, on overrides: inout [String: String]) throws(KafkaError) {
        let definition = try definition(operation.name)
        if operation.kind == .delete {
            overrides[operation.name] = nil
            return
        }
        guard let value = operation.value else {
            throw KafkaError(.invalidRequest, "Null value not supported for \(operation.kind):\(operation.name)")
        }
        if operation.kind == .set {
            try definition.check(value)
            overrides[operation.name] = value
            return
        }
        guard definition.type == .list else {
            throw KafkaError(
                .invalidConfig,
                "Can't \(operation.kind) to key \(operation.name) because its type is not LIST.")
        }
        var items = (overrides[operation.name] ?? definition.defaultValue).listItems
        for item in value.listItems {
            if operation.kind == .subtract {
                items.removeAll { $0 == item }
            } else if !items.contains(item) {
                items.append(item)
            }
        }
        let joined = items.joined(separator: ",")
        try definition.check(joined)
        overrides[operation.name] = joined
    }

    private func alterableTopic(_ resource: ConfigResource) throws(KafkaError) -> Topic {
        switch resource {
        case .topic(let name):
            guard let topic = topics[name] else {
                try Topic.check(name: name)
                throw KafkaError(.unknownTopicOrPartition, "The topic '\(name)' does not exist.")
            }
            return topic
        case .broker(let node):
            if !node.isEmpty { try checkBroker(node) }
            throw KafkaError(.invalidRequest, "Cannot update these configs dynamically: this broker's are fixed.")
        }
    }

    private static func definition(_ name: String) throws(KafkaError) -> ConfigDefinition {
        guard let definition = ConfigDefinition.topicConfig(name) else {
            throw KafkaError(.invalidConfig, "Unknown topic config name: \(name)")
        }
        return definition
    }

    func checkedOverrides(_ configs: [String: String?]) throws(KafkaError) -> [String: String] {
        var overrides: [String: String] = [:]
        for (name, value) in configs.sorted(by: { $0.key < $1.key }) {
            let definition = try Self.definition(name)
            guard let value else { continue }
            try definition.check(value)
            overrides[name] = value
        }
        return overrides
    }
}
