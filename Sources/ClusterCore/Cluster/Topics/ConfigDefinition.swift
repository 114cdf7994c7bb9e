/// A config that topics know: its name, type, default and what values it takes.
///
/// Source: `org.apache.kafka.common.config.TopicConfig`, `LogConfig`. A config that has no meaning without segments, files or
/// replicas is accepted, described and otherwise ignored.
struct ConfigDefinition: Sendable {
    var name: String
    var type: ConfigType
    var defaultValue: String
    /// The least number; nil for any.
    var minimum: Int64?
    /// The values allowed, or the items of a list.
    var choices: [String] = []

    /// The longest value, also of a list that operations add to.
    static let mostBytes = Int(Int16.max)

    /// All topic configs by name.
    static let topicConfigs: [ConfigDefinition] = [
        .init(name: "cleanup.policy", type: .list, defaultValue: "delete", choices: ["compact", "delete"]),
        .init(name: "compression.gzip.level", type: .int, defaultValue: "-1"),
        .init(name: "compression.lz4.level", type: .int, defaultValue: "9"),
        .init(
            name: "compression.type", type: .string, defaultValue: "producer",
            choices: ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        .init(name: "compression.zstd.level", type: .int, defaultValue: "3"),
        .init(name: "delete.retention.ms", type: .long, defaultValue: "86400000", minimum: 0),
        .init(name: "file.delete.delay.ms", type: .long, defaultValue: "60000", minimum: 0),
        .init(name: "flush.messages", type: .long, defaultValue: "9223372036854775807", minimum: 1),
        .init(name: "flush.ms", type: .long, defaultValue: "9223372036854775807", minimum: 0),
        .init(name: "follower.replication.throttled.replicas", type: .list, defaultValue: ""),
        .init(name: "index.interval.bytes", type: .int, defaultValue: "4096", minimum: 0),
        .init(name: "leader.replication.throttled.replicas", type: .list, defaultValue: ""),
        .init(name: "local.retention.bytes", type: .long, defaultValue: "-2", minimum: -2),
        .init(name: "local.retention.ms", type: .long, defaultValue: "-2", minimum: -2),
        .init(name: "max.compaction.lag.ms", type: .long, defaultValue: "9223372036854775807", minimum: 1),
        .init(name: "max.message.bytes", type: .int, defaultValue: "1048588", minimum: 0),
        .init(
            name: "message.timestamp.after.max.ms", type: .long, defaultValue: "9223372036854775807", minimum: 0),
        .init(
            name: "message.timestamp.before.max.ms", type: .long, defaultValue: "9223372036854775807", minimum: 0),
        .init(
            name: "message.timestamp.type", type: .string, defaultValue: "CreateTime",
            choices: ["CreateTime", "LogAppendTime"]),
        .init(name: "min.cleanable.dirty.ratio", type: .double, defaultValue: "0.5"),
        .init(name: "min.compaction.lag.ms", type: .long, defaultValue: "0", minimum: 0),
        .init(name: "min.insync.replicas", type: .int, defaultValue: "1", minimum: 1),
        .init(name: "preallocate", type: .boolean, defaultValue: "false"),
        .init(name: "remote.log.copy.disable", type: .boolean, defaultValue: "false"),
        .init(name: "remote.log.delete.on.disable", type: .boolean, defaultValue: "false"),
        .init(name: "remote.storage.enable", type: .boolean, defaultValue: "false"),
        .init(name: "retention.bytes", type: .long, defaultValue: "-1"),
        .init(name: "retention.ms", type: .long, defaultValue: "604800000", minimum: -1),
        .init(name: "segment.bytes", type: .int, defaultValue: "1073741824", minimum: 14),
        .init(name: "segment.index.bytes", type: .int, defaultValue: "10485760", minimum: 4),
        .init(name: "segment.jitter.ms", type: .long, defaultValue: "0", minimum: 0),
        .init(name: "segment.ms", type: .long, defaultValue: "604800000", minimum: 1),
        .init(name: "unclean.leader.election.enable", type: .boolean, defaultValue: "false"),
    ]

    /// The definition of a topic config; nil for a name Kafka does not know.
    static func topicConfig(_ name: String) -> ConfigDefinition? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: topicConfigs.map { ($0.name, $0) })

    /// Refuses a value of the wrong type or range, with Kafka's words.
    func check(_ value: String) throws(KafkaError) {
        guard value.utf8.count <= Self.mostBytes else {
            throw KafkaError(
                .invalidConfig, "Invalid value for configuration \(name): longer than \(Self.mostBytes) bytes")
        }
        let trimmed = value.trimmingBlanks
        switch type {
        case .int: try checkNumber(value, Int32(trimmed).map(Int64.init), kind: "INT")
        case .short: try checkNumber(value, Int16(trimmed).map(Int64.init), kind: "SHORT")
        case .long: try checkNumber(value, Int64(trimmed), kind: "LONG")
        case .double:
            guard let number = Double(trimmed) else { throw invalid(value, "Not a number of type DOUBLE") }
            guard number >= 0, number <= 1 else { throw invalid(value, "Value must be between 0 and 1") }
        case .boolean:
            guard ["true", "false"].contains(trimmed.lowercased()) else {
                throw invalid(value, "Expected value to be either true or false")
            }
        case .string:
            guard choices.isEmpty || choices.contains(value) else {
                throw invalid(value, "String must be one of: \(choices.joined(separator: ", "))")
            }
        case .list:
            for item in value.listItems where !choices.isEmpty && !choices.contains(item) {
                throw invalid(item, "String must be one of: \(choices.joined(separator: ", "))")
            }
        case .class, .password: break
        }
    }

    private func checkNumber(_ value: String, _ number: Int64?, kind: String) throws(KafkaError) {
        guard let number else { throw invalid(value, "Not a number of type \(kind)") }
        if let minimum, number < minimum { throw invalid(value, "Value must be at least \(minimum)") }
    }

    private func invalid(_ value: String, _ reason: String) -> KafkaError {
        KafkaError(.invalidConfig, "Invalid value \(value) for configuration \(name): \(reason)")
    }
}

extension String {
    /// Without spaces around it.
    var trimmingBlanks: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// The items of a comma-separated list.
    var listItems: [String] {
        split(separator: ",").map { String($0).trimmingBlanks }.filter { !$0.isEmpty }
    }
}
