import KafkaClient
import Millrace

/// The settings of the Kafka clients that follow from a configuration.
extension StreamsConfiguration {
    private var common: ClientSettings {
        ["bootstrap.servers": bootstrapServers.joined(separator: ",")]
    }

    /// Returns the settings of one worker's group member.
    func consumerSettings(clientID: String, worker: Int) -> ClientSettings {
        var settings = common
        settings["client.id"] = clientID
        settings["group.id"] = applicationID
        settings["group.instance.id"] = instanceID.map { "\($0)-\(worker)" }
        settings["partition.assignment.strategy"] = "range"
        // A member learns of a rebalance by its next heartbeat, and the others wait for it. Kafka's default: 3,000.
        settings["heartbeat.interval.ms"] = "1000"
        settings["enable.auto.commit"] = "false"
        settings["enable.auto.offset.store"] = "false"
        settings["enable.partition.eof"] = "true"
        settings["isolation.level"] = guarantee == .exactlyOnce ? "read_committed" : "read_uncommitted"
        settings["queued.max.messages.kbytes"] = "8192"
        settings = settings.merging(overrides(clientSettings.consumer))
        // A missing offset is reported as an event: the source decides what to do.
        settings["auto.offset.reset"] = "error"
        return settings
    }

    /// The start of sources that do not set one. The raw setting overrides the field.
    var defaultOffsetReset: AutoOffsetReset {
        switch overrides(clientSettings.consumer)["auto.offset.reset"] {
        case "earliest", "smallest", "beginning": .earliest
        case "latest", "largest", "end": .latest
        case "error": .none
        default: offsetReset == .ofApplication ? .earliest : offsetReset
        }
    }

    /// Returns the settings of the reader of changelogs that restores stores. It belongs to no group.
    func restoreSettings(clientID: String) -> ClientSettings {
        var settings = changelogSettings(clientID: "\(clientID)-restore")
        // An empty answer shows the end of a changelog, so the reader need not wait for data.
        settings["fetch.wait.max.ms"] = "10"
        return settings
    }

    /// Returns the settings of the reader of changelogs for standbys. It belongs to no group.
    func standbySettings(clientID: String) -> ClientSettings { changelogSettings(clientID: "\(clientID)-standby") }

    /// Returns the settings of the reader of a store's changes. It belongs to no group.
    func changesSettings() -> ClientSettings { changelogSettings(clientID: "\(applicationID)-changes") }

    private func changelogSettings(clientID: String) -> ClientSettings {
        var settings = consumerSettings(clientID: clientID, worker: 0)
        settings["group.instance.id"] = nil
        settings["isolation.level"] = "read_committed"
        // After this time librdkafka reports a topic that no broker knows. By default that takes 30 s.
        settings["topic.metadata.propagation.max.ms"] = "5000"
        return settings
    }

    /// Returns the settings of the reader of the global tables' topics. It belongs to no group.
    func globalSettings(clientID: String) -> ClientSettings {
        var settings = consumerSettings(clientID: clientID, worker: 0)
        settings["group.instance.id"] = nil
        return settings
    }

    func producerSettings(clientID: String, transactionalID: String) -> ClientSettings {
        var settings = common
        settings["client.id"] = clientID
        settings["partitioner"] = "murmur2_random"
        settings["enable.idempotence"] = "true"
        settings["queue.buffering.max.messages"] = "500000"
        settings["batch.num.messages"] = "10000"
        // Within this time the producer writes to partitions that are added to an output topic; the range is librdkafka's.
        settings["topic.metadata.refresh.interval.ms"] = String(min(max(100, metadataMaxAge.milliseconds), 3_600_000))
        if guarantee == .exactlyOnce {
            settings["transactional.id"] = transactionalID
            settings["transaction.timeout.ms"] = String(transactionTimeout.milliseconds)
            settings["linger.ms"] = String(min(100, commitIntervalMs))
        } else {
            settings["linger.ms"] = "10"
        }
        return settings.merging(overrides(clientSettings.producer))
    }

    func adminSettings(clientID: String) -> ClientSettings {
        var settings = common
        settings["client.id"] = clientID
        return settings.merging(overrides(clientSettings.admin))
    }

    private func overrides(_ specific: [String: String]) -> ClientSettings {
        var settings = ClientSettings()
        for (name, value) in clientSettings.common.merging(specific, uniquingKeysWith: { $1 }) {
            settings[name] = value
        }
        return settings
    }

    /// Settings of librdkafka that must stay as the application sets them, because the guarantees depend on them. Each has the name
    /// of the option to use instead, if there is one.
    package static let reservedClientSettings: [String: String?] = [
        "bootstrap.servers": "bootstrap-servers", "metadata.broker.list": "bootstrap-servers",
        "group.id": "application-id", "client.id": "instance-id", "group.instance.id": "instance-id",
        "enable.auto.commit": "commit-interval-ms", "auto.commit.interval.ms": "commit-interval-ms",
        "enable.auto.offset.store": "commit-interval-ms", "enable.idempotence": "guarantee",
        "isolation.level": "guarantee", "transactional.id": "guarantee", "enable.partition.eof": nil,
        "partition.assignment.strategy": nil, "partitioner": nil,
    ]

    /// Returns why a raw setting cannot be used, or `nil` if it can. The setting's value, which may be a secret, is not part of the
    /// answer.
    package static func problem(ofClientSetting name: String, value: String) -> String? {
        if reservedClientSettings.keys.contains(name) {
            return "\(name) is set by the application itself and cannot be overridden"
        }
        guard var refusal = ClientSettings.refusal(of: name, value: value) else { return nil }
        if !value.isEmpty { refusal = refusal.split(separator: " \"\(value)\"").joined() }
        while refusal.last?.isNewline == true { refusal.removeLast() }
        return refusal.contains(name) ? refusal : "\(name): \(refusal)"
    }

    /// Returns the problems of the raw settings, each once.
    func clientProblems() -> [String] {
        var problems: [String] = []
        for given in [clientSettings.common, clientSettings.consumer, clientSettings.producer, clientSettings.admin] {
            for (name, value) in given.sorted(by: { $0.key < $1.key }) {
                guard let problem = Self.problem(ofClientSetting: name, value: value) else { continue }
                if !problems.contains("client setting: \(problem)") { problems.append("client setting: \(problem)") }
            }
        }
        return problems
    }
}

extension ClientSettings {
    /// Returns librdkafka's reason for refusing a setting. Settings that depend on others which are missing are not refused.
    fileprivate static func refusal(of name: String, value: String) -> String? {
        validate([name: value], for: .admin).first { $0.code == .invalidArgument }?.message
    }
}
