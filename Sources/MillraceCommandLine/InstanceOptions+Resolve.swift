import Logging
import Millrace

extension ResolvedInstanceOptions {
    /// Reads every option; nil if a required one is missing or wrong, which the reader then has among its problems.
    init?(reading reader: inout OptionReader, environment: [String: String]) {
        // All are read before anything is given up, so that all problems come to light.
        let applicationID = reader.required(InstanceOption.applicationID)
        let bootstrapServers = reader.required(InstanceOption.bootstrapServers)
        let instanceID = reader.value(InstanceOption.instanceID)
        let applicationServer = reader.value(InstanceOption.applicationServer)
        let guarantee = reader.value(InstanceOption.guarantee) ?? .exactlyOnce
        let threads = reader.value(InstanceOption.threads) ?? 1
        let commitIntervalMs = reader.value(InstanceOption.commitIntervalMs)
        let topologyOptimization = reader.value(InstanceOption.topologyOptimization) ?? .none
        let offsetReset = reader.value(InstanceOption.offsetReset) ?? .earliest
        let metadataMaxAgeMs = reader.value(InstanceOption.metadataMaxAgeMs) ?? 300_000
        let missingSourceTopics = reader.value(InstanceOption.missingSourceTopics) ?? .fail
        let maxBufferedRecords = reader.value(InstanceOption.maxBufferedRecords) ?? 1_000
        let maxBufferedBytes = reader.value(InstanceOption.maxBufferedBytes) ?? 16 << 20
        let stateDirectory = reader.value(InstanceOption.stateDirectory)
        let stateCleanupDelayMs = reader.value(InstanceOption.stateCleanupDelayMs) ?? 600_000
        let cacheMaxBytes = reader.value(InstanceOption.cacheMaxBytes) ?? 64 << 20
        let replicationFactor = reader.value(InstanceOption.replicationFactor) ?? -1
        let standbyReplicas = reader.value(InstanceOption.standbyReplicas) ?? 0
        let errors = ErrorChoices(reading: &reader)
        let closeTimeoutMs = reader.value(InstanceOption.closeTimeoutMs) ?? 20_000
        let logLevel = reader.value(InstanceOption.logLevel) ?? .info
        let clientSettings = ClientSettings(reading: &reader)

        guard let applicationID, let bootstrapServers else { return nil }
        self.init(
            applicationID: applicationID, bootstrapServers: bootstrapServers, instanceID: instanceID,
            applicationServer: applicationServer, threads: threads, guarantee: guarantee,
            commitInterval: .milliseconds(commitIntervalMs ?? (guarantee == .exactlyOnce ? 100 : 30_000)),
            topologyOptimization: topologyOptimization, offsetReset: offsetReset,
            metadataMaxAge: .milliseconds(metadataMaxAgeMs), missingSourceTopics: missingSourceTopics,
            maxBufferedRecords: maxBufferedRecords, maxBufferedBytes: maxBufferedBytes,
            stateDirectory: stateDirectory ?? Self.defaultStateDirectory(environment: environment),
            stateCleanupDelay: .milliseconds(stateCleanupDelayMs), cacheMaxBytes: cacheMaxBytes,
            replicationFactor: replicationFactor, standbyReplicas: standbyReplicas,
            deserializationErrors: errors.deserialization, processingErrors: errors.processing,
            productionErrors: errors.production, deadLetterTopic: errors.deadLetterTopic,
            closeTimeout: .milliseconds(closeTimeoutMs), logLevel: logLevel, clientSettings: clientSettings)
    }

    /// Where the XDG base directory specification puts state: relative paths in its variables are to be ignored.
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

/// The three error handlings and the topic that they may need.
private struct ErrorChoices {
    let deserialization: ResolvedInstanceOptions.ErrorHandling
    let processing: ResolvedInstanceOptions.ErrorHandling
    let production: ResolvedInstanceOptions.ErrorHandling
    let deadLetterTopic: String?

    init(reading reader: inout OptionReader) {
        deserialization = reader.value(InstanceOption.deserializationErrors) ?? .fail
        processing = reader.value(InstanceOption.processingErrors) ?? .fail
        production = reader.value(InstanceOption.productionErrors) ?? .fail
        // A topic that no handling uses is no error: a file may name one for all instances, and a flag turn it off.
        if [deserialization, processing, production].contains(.deadLetter) {
            deadLetterTopic = reader.required(
                InstanceOption.deadLetterTopic, because: "an error handling is dead-letter")
        } else {
            deadLetterTopic = reader.value(InstanceOption.deadLetterTopic)
        }
    }
}

extension ResolvedInstanceOptions.ClientSettings {
    fileprivate init(reading reader: inout OptionReader) {
        self.init(
            common: reader.clientSettings(.common), consumer: reader.clientSettings(.consumer),
            producer: reader.clientSettings(.producer), admin: reader.clientSettings(.admin))
    }
}
