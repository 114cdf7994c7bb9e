import Millrace
import MillraceEngine

extension Supervisor {
    /// Opens a stream of the changes of a store.
    func changes(of store: String, from start: StoreChangesStart) async throws -> StoreChanges {
        let plan = try localStores.plan(of: store)
        guard plan.kind.isQueryable, !plan.kind.isCustom else {
            throw StreamsError(.storeMismatch, "the changes of the store \(store) cannot be read as entries")
        }
        guard let topic = plan.changelogTopic else {
            throw StreamsError(.noChangelog, "the store \(store) has no changelog, so nobody can follow its changes")
        }
        let name = topic.resolved(applicationID: configuration.applicationID)
        let count = try localStores.partitionCount(of: store)
        let partitions = (0..<Int32(clamping: count)).map { Millrace.TopicPartition(topic: name, partition: $0) }
        let reader = ChangeReader(plan, partitions) { [weak self] in self?.state.isFinal ?? true }
        return try await StoreChanges(
            reader,
            start: reader.open(from: start) { [configuration, logger, clock] in
                try KafkaConsumerPort(
                    configuration.changesSettings(), role: .restorer,
                    timeoutMs: Int32(clamping: configuration.connectTimeout.milliseconds), clock: clock,
                    log: WorkerFactory.log(to: logger))
            })
    }
}
