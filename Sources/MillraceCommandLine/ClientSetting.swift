import MillraceRuntime

/// The four groups of raw librdkafka settings: the name of the repeatable flag, and the key of the file's object.
enum ClientScope: String, CaseIterable {
    case common = "kafka"
    case consumer
    case producer
    case admin

    var flag: String { "--\(rawValue)" }

    /// The key path of the group's settings in the configuration.
    var settings: WritableKeyPath<StreamsConfiguration.ClientOverrides, [String: String]> {
        switch self {
        case .common: \.common
        case .consumer: \.consumer
        case .producer: \.producer
        case .admin: \.admin
        }
    }

    /// The prefix of a setting's name in the environment: `MILLRACE_KAFKA_SASL_PASSWORD` sets `sasl.password`.
    var environmentPrefix: String { OptionNames.environmentName(of: rawValue) + "_" }
}

/// One raw setting of librdkafka, and its origin.
struct ClientSetting {
    var name: String
    var value: String
    var origin: OptionOrigin

    /// The setting's problem, if it has one. It never shows the value, which may be a password.
    var problem: OptionProblem? {
        if let option = StreamsConfiguration.reservedClientSettings[name] ?? nil {
            return OptionProblem(
                origin: origin, message: "\(name) is set by Millrace: use \(OptionNames.flag(of: option))")
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
