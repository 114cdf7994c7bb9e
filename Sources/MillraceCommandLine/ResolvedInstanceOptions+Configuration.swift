import Millrace
public import MillraceRuntime

extension ResolvedInstanceOptions {
    /// The options as the runtime takes them.
    public var configuration: StreamsConfiguration {
        var configuration = StreamsConfiguration(
            applicationID: applicationID, bootstrapServers: bootstrapServers, stateDirectory: stateDirectory)
        configuration.instanceID = instanceID
        configuration.applicationServer = applicationServer
        configuration.threads = threads
        configuration.guarantee = guarantee
        configuration.commitInterval = commitInterval
        configuration.offsetReset =
            switch offsetReset {
            case .earliest: .earliest
            case .latest: .latest
            case .none: .none
            }
        configuration.metadataMaxAge = metadataMaxAge
        configuration.missingSourceTopics =
            switch missingSourceTopics {
            case .fail: .fail
            case .wait: .wait
            }
        configuration.maxBufferedRecordsPerPartition = maxBufferedRecords
        configuration.maxBufferedSizeInBytesPerPartition = maxBufferedBytes
        configuration.stateCleanupDelay = stateCleanupDelay
        configuration.stateCacheSizeInBytes = cacheMaxBytes
        configuration.replicationFactor = Int16(clamping: replicationFactor)
        configuration.standbyReplicas = standbyReplicas
        configuration.errorHandlers = ErrorHandlers(
            deserialization: response(deserializationErrors), processing: response(processingErrors),
            production: response(productionErrors))
        configuration.closeTimeout = closeTimeout
        configuration.clientSettings.common = clientSettings.common
        configuration.clientSettings.consumer = clientSettings.consumer
        configuration.clientSettings.producer = clientSettings.producer
        configuration.clientSettings.admin = clientSettings.admin
        return configuration
    }

    private func response(_ handling: ErrorHandling) -> ErrorResponse {
        switch (handling, deadLetterTopic) {
        case (.fail, _), (.deadLetter, nil): .fail
        case (.continue, _): .continue
        case (.deadLetter, let topic?): .deadLetter(topic: topic)
        }
    }
}
