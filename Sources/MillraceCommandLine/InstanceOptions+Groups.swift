import ArgumentParser

/// Who the process is, and where its cluster is.
struct ApplicationOptions: ParsableArguments, Sendable {
    @Option(InstanceOption.applicationID) var applicationID: String?
    @Option(InstanceOption.bootstrapServers) var bootstrapServers: String?
    @Option(InstanceOption.instanceID) var instanceID: String?
    @Option(InstanceOption.applicationServer) var applicationServer: String?

    var given: [String: String?] {
        [
            InstanceOption.applicationID.name: applicationID,
            InstanceOption.bootstrapServers.name: bootstrapServers,
            InstanceOption.instanceID.name: instanceID,
            InstanceOption.applicationServer.name: applicationServer,
        ]
    }
}

/// How records are processed.
struct ProcessingOptions: ParsableArguments, Sendable {
    @Option(InstanceOption.threads) var threads: String?
    @Option(InstanceOption.guarantee) var guarantee: String?
    @Option(InstanceOption.commitIntervalMs) var commitIntervalMs: String?
    @Option(InstanceOption.topologyOptimization) var topologyOptimization: String?
    @Option(InstanceOption.offsetReset) var offsetReset: String?
    @Option(InstanceOption.metadataMaxAgeMs) var metadataMaxAgeMs: String?
    @Option(InstanceOption.missingSourceTopics) var missingSourceTopics: String?
    @Option(InstanceOption.maxBufferedRecords) var maxBufferedRecords: String?
    @Option(InstanceOption.maxBufferedBytes) var maxBufferedBytes: String?

    var given: [String: String?] {
        [
            InstanceOption.threads.name: threads,
            InstanceOption.guarantee.name: guarantee,
            InstanceOption.commitIntervalMs.name: commitIntervalMs,
            InstanceOption.topologyOptimization.name: topologyOptimization,
            InstanceOption.offsetReset.name: offsetReset,
            InstanceOption.metadataMaxAgeMs.name: metadataMaxAgeMs,
            InstanceOption.missingSourceTopics.name: missingSourceTopics,
            InstanceOption.maxBufferedRecords.name: maxBufferedRecords,
            InstanceOption.maxBufferedBytes.name: maxBufferedBytes,
        ]
    }
}

/// Where state is kept, and how much of it.
struct StateOptions: ParsableArguments, Sendable {
    @Option(InstanceOption.stateDirectory) var stateDirectory: String?
    @Option(InstanceOption.stateCleanupDelayMs) var stateCleanupDelayMs: String?
    @Option(InstanceOption.cacheMaxBytes) var cacheMaxBytes: String?
    // Takes the next argument whatever it looks like: -1 would pass for a flag.
    @Option(InstanceOption.replicationFactor, parsing: .unconditional) var replicationFactor: String?
    @Option(InstanceOption.standbyReplicas) var standbyReplicas: String?

    var given: [String: String?] {
        [
            InstanceOption.stateDirectory.name: stateDirectory,
            InstanceOption.stateCleanupDelayMs.name: stateCleanupDelayMs,
            InstanceOption.cacheMaxBytes.name: cacheMaxBytes,
            InstanceOption.replicationFactor.name: replicationFactor,
            InstanceOption.standbyReplicas.name: standbyReplicas,
        ]
    }
}

/// What becomes of bad records.
struct ErrorOptions: ParsableArguments, Sendable {
    @Option(InstanceOption.deserializationErrors) var deserializationErrors: String?
    @Option(InstanceOption.processingErrors) var processingErrors: String?
    @Option(InstanceOption.productionErrors) var productionErrors: String?
    @Option(InstanceOption.deadLetterTopic) var deadLetterTopic: String?

    var given: [String: String?] {
        [
            InstanceOption.deserializationErrors.name: deserializationErrors,
            InstanceOption.processingErrors.name: processingErrors,
            InstanceOption.productionErrors.name: productionErrors,
            InstanceOption.deadLetterTopic.name: deadLetterTopic,
        ]
    }
}

/// Settings handed to librdkafka as they are.
struct ClientOptions: ParsableArguments, Sendable {
    @Option(.common, of: "every client") var kafka: [String] = []
    @Option(.consumer, of: "consumers only") var consumer: [String] = []
    @Option(.producer, of: "producers only") var producer: [String] = []
    @Option(.admin, of: "the admin client only") var admin: [String] = []

    var rawSettings: [ClientScope: [String]] {
        [.common: kafka, .consumer: consumer, .producer: producer, .admin: admin]
    }
}

/// What else the process needs to know.
struct RunningOptions: ParsableArguments, Sendable {
    @Option(InstanceOption.config) var config: String?
    @Option(InstanceOption.closeTimeoutMs) var closeTimeoutMs: String?
    @Option(InstanceOption.logLevel) var logLevel: String?
    // Not in the other layers: there it would delete everything with every start.
    @Flag(
        help: """
            Delete the application's own topics, its committed offsets and the local state, and exit: the next start begins \
            anew. All instances must have been stopped.
            """) var reset = false

    var given: [String: String?] {
        [InstanceOption.closeTimeoutMs.name: closeTimeoutMs, InstanceOption.logLevel.name: logLevel]
    }
}

extension Option where Value == String? {
    /// An option of the command line, its name and help taken from the definition.
    fileprivate init<Meaning>(
        _ definition: OptionDefinition<Meaning>, parsing: SingleValueParsingStrategy = .next
    ) {
        let otherwise = definition.defaultText.map { "default: \($0)" } ?? "required"
        self.init(
            name: .customLong(definition.name), parsing: parsing,
            help: ArgumentHelp(
                "\(definition.summary). (\(otherwise); \(definition.environmentName))",
                valueName: definition.valueName))
    }
}

extension Option where Value == [String] {
    /// A repeatable flag for raw settings.
    fileprivate init(wrappedValue: [String], _ scope: ClientScope, of clients: String) {
        self.init(
            wrappedValue: wrappedValue, name: .customLong(scope.rawValue),
            help: ArgumentHelp(
                "A librdkafka setting of \(clients); repeatable. (default: none; \(scope.environmentPrefix)…)",
                valueName: "NAME=VALUE"))
    }
}
