import KafkaClient
import Millrace

/// The settings of the Kafka clients that a configuration leads to.
extension StreamsConfiguration {
    private var common: ClientSettings {
        ["bootstrap.servers": bootstrapServers.joined(separator: ",")]
    }

    /// The member of the group that one worker is.
    func consumerSettings(clientID: String, worker: Int) -> ClientSettings {
        var settings = common
        settings["client.id"] = clientID
        settings["group.id"] = applicationID
        settings["group.instance.id"] = instanceID.map { "\($0)-\(worker)" }
        settings["partition.assignment.strategy"] = "range"
        settings["auto.offset.reset"] = "earliest"
        settings["enable.auto.commit"] = "false"
        settings["enable.auto.offset.store"] = "false"
        settings["enable.partition.eof"] = "true"
        settings["isolation.level"] = guarantee == .exactlyOnce ? "read_committed" : "read_uncommitted"
        settings["queued.max.messages.kbytes"] = "16384"
        return settings.merging(overrides(clientSettings.consumer))
    }

    /// The reader of changelogs. It belongs to no group; an offset that is gone is an event, not a reset.
    func restoreSettings(clientID: String) -> ClientSettings {
        var settings = consumerSettings(clientID: "\(clientID)-restore", worker: 0)
        settings["group.instance.id"] = nil
        settings["auto.offset.reset"] = "error"
        settings["isolation.level"] = "read_committed"
        return settings
    }

    func producerSettings(clientID: String, transactionalID: String) -> ClientSettings {
        var settings = common
        settings["client.id"] = clientID
        settings["partitioner"] = "murmur2_random"
        settings["enable.idempotence"] = "true"
        settings["queue.buffering.max.messages"] = "500000"
        settings["batch.num.messages"] = "10000"
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

    /// Settings that must stay as they are, for the guarantees rest on them.
    private static let reserved: Set<String> = [
        "group.id", "group.instance.id", "client.id", "enable.auto.commit", "enable.auto.offset.store",
        "enable.partition.eof", "isolation.level", "partition.assignment.strategy", "transactional.id", "partitioner",
        "enable.idempotence",
    ]

    /// What librdkafka refuses, and what must not be overridden.
    func clientProblems() -> [String] {
        let given = [clientSettings.common, clientSettings.consumer, clientSettings.producer, clientSettings.admin]
        var problems = Set(given.flatMap(\.keys)).intersection(Self.reserved).sorted().map { name in
            "client setting \(name): it is set by the application itself and cannot be overridden"
        }
        let checked: [(ClientSettings, ClientKind)] = [
            (consumerSettings(clientID: "check", worker: 0), .consumer),
            (producerSettings(clientID: "check", transactionalID: "check"), .producer),
            (adminSettings(clientID: "check"), .admin),
        ]
        for (settings, kind) in checked where !bootstrapServers.isEmpty {
            for problem in ClientSettings.validate(settings, for: kind).map(\.description)
            where !problems.contains(problem) {
                problems.append(problem)
            }
        }
        return problems
    }
}
