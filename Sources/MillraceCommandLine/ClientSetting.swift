import MillraceRuntime

/// The four groups of raw librdkafka settings: the name of the repeatable flag, and the key of the file's object.
enum ClientScope: String, CaseIterable {
    case common = "kafka"
    case consumer
    case producer
    case admin

    var flag: String { "--\(rawValue)" }

    /// Before a setting's name in the environment: `MILLRACE_KAFKA_SASL_PASSWORD` sets `sasl.password`.
    var environmentPrefix: String { OptionNames.environmentName(of: rawValue) + "_" }
}

/// One raw setting of librdkafka, and where it was said.
struct ClientSetting {
    var name: String
    var value: String
    var origin: OptionOrigin

    /// Settings that Millrace derives from its own options, with the option to use instead. Set by hand they would
    /// break the assignment or the guarantee, so they are refused rather than overwritten.
    static let reserved: [String: String] = [
        "bootstrap.servers": InstanceOption.bootstrapServers.flag,
        "metadata.broker.list": InstanceOption.bootstrapServers.flag,
        "group.id": InstanceOption.applicationID.flag,
        "client.id": InstanceOption.instanceID.flag,
        "group.instance.id": InstanceOption.instanceID.flag,
        "enable.auto.commit": InstanceOption.commitIntervalMs.flag,
        "auto.commit.interval.ms": InstanceOption.commitIntervalMs.flag,
        "enable.auto.offset.store": InstanceOption.commitIntervalMs.flag,
        "enable.idempotence": InstanceOption.guarantee.flag,
        "isolation.level": InstanceOption.guarantee.flag,
        "transactional.id": InstanceOption.guarantee.flag,
    ]

    /// What is wrong with the setting. Never shows the value: it may be a password.
    var problem: OptionProblem? {
        if let option = Self.reserved[name] {
            return OptionProblem(origin: origin, message: "\(name) is set by Millrace: use \(option)")
        }
        let isName = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._".contains($0)) }
        guard isName, !name.isEmpty else {
            return OptionProblem(origin: origin, message: "must be the name of a librdkafka setting")
        }
        return StreamsConfiguration.problem(ofClientSetting: name, value: value)
            .map { OptionProblem(origin: origin, message: $0) }
    }
}

extension ClientSetting {
    /// Reads `NAME=VALUE`; the value may be empty and may hold further equals signs.
    init?(argument: String, origin: OptionOrigin) {
        guard let equals = argument.firstIndex(of: "=") else { return nil }
        self.init(
            name: String(argument[..<equals]), value: String(argument[argument.index(after: equals)...]), origin: origin
        )
    }
}
