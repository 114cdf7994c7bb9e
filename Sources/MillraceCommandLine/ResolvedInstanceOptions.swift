public import Logging
public import Millrace
public import MillraceRuntime

/// The options of one Millrace process, read from all layers and checked: the result of
/// ``InstanceOptions/resolve(environment:additional:)``.
public struct ResolvedInstanceOptions: Sendable {
    /// The application's configuration.
    public internal(set) var configuration: StreamsConfiguration
    /// The rewrites that are applied to the topology. None by default. Kafka: `topology.optimization`.
    public internal(set) var topologyOptimization = TopologyOptimization.none
    /// The lowest level of messages that the process logs. Info by default.
    public internal(set) var logLevel = Logger.Level.info
    /// The texts of the command's own options (``AdditionalOption``) by their names, as far as a layer has them.
    public internal(set) var additional: [String: String] = [:]
    /// The source of each value, by the option's name. The name of a setting of librdkafka has its group's name in front.
    var origins: [String: OptionOrigin] = [:]

    // The options from which the configuration's error handlers are made when all of them are known.
    var deserializationErrors = ErrorHandling.fail
    var processingErrors = ErrorHandling.fail
    var productionErrors = ErrorHandling.fail
    var deadLetterTopic: String?

    /// The options that no layer has set, in an environment without variables.
    static let defaults = ResolvedInstanceOptions(environment: [:])

    /// Creates options that no layer has set; the required ones are missing.
    init(environment: [String: String]) {
        configuration = StreamsConfiguration(
            applicationID: "", bootstrapServers: [],
            stateDirectory: Self.defaultStateDirectory(environment: environment))
    }

    /// Returns the directory for state by the XDG base directory specification. Relative paths in its variables are to be ignored.
    private static func defaultStateDirectory(environment: [String: String]) -> String {
        if let base = environment["XDG_STATE_HOME"], base.hasPrefix("/") {
            "\(base)/millrace"
        } else if let home = environment["HOME"], home.hasPrefix("/") {
            "\(home)/.local/state/millrace"
        } else {
            "/tmp/millrace"
        }
    }
}

/// The handling of a record that cannot be read, processed or written: KIP-161, KIP-1033, KIP-1034.
enum ErrorHandling: String, Sendable, CaseIterable {
    /// The worker stops with the error.
    case fail
    /// The record is dropped and counted.
    case `continue`
    /// The record goes to the dead-letter topic.
    case deadLetter = "dead-letter"
}

extension ResolvedInstanceOptions {
    /// Every option that may stand in any layer: the configuration's settings, and the process's other options.
    static let settings: [Setting<ResolvedInstanceOptions>] =
        StreamsConfiguration.settings.map { $0.inside(\.configuration) } + [
            Setting(
                .processing, "topology-optimization", \.topologyOptimization, "WHICH",
                .choice(["none": .none, "all": .all]), "Rewrites of the topology: none or all"),
            Setting(
                .errors, "deserialization-errors", \.deserializationErrors, "HANDLING", .choice,
                "For records that cannot be read: fail, continue or dead-letter"),
            Setting(
                .errors, "processing-errors", \.processingErrors, "HANDLING", .choice,
                "For records whose processing throws: fail, continue or dead-letter"),
            Setting(
                .errors, "production-errors", \.productionErrors, "HANDLING", .choice,
                "For records that cannot be written: fail, continue or dead-letter"),
            deadLetterTopicSetting,
            Setting(
                .running, "log-level", \.logLevel, "LEVEL", .choice,
                "trace, debug, info, notice, warning, error or critical"),
        ]

    static let deadLetterTopicSetting = Setting<ResolvedInstanceOptions>(
        .errors, "dead-letter-topic", \.deadLetterTopic, "TOPIC", .optional(.kafkaName()),
        "Takes the records that are handled by dead-letter")

    /// Whether a dead-letter topic is needed.
    var needsDeadLetterTopic: Bool {
        [deserializationErrors, processingErrors, productionErrors].contains(.deadLetter)
    }

    /// The handlers that the four options for errors select.
    var errorHandlers: ErrorHandlers {
        ErrorHandlers(
            deserialization: response(deserializationErrors), processing: response(processingErrors),
            production: response(productionErrors))
    }

    private func response(_ handling: ErrorHandling) -> ErrorResponse {
        switch (handling, deadLetterTopic) {
        case (.fail, _), (.deadLetter, nil): .fail
        case (.continue, _): .continue
        case (.deadLetter, let topic?): .deadLetter(topic: topic)
        }
    }
}
