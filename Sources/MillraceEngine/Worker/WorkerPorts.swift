/// The ports of a worker. Each worker has separate consumers and a separate producer.
package struct WorkerPorts {
    package var consumer: any GroupConsumer
    package var makeRestoreConsumer: () throws -> any ReaderPort
    /// Makes the reader of changelogs for standbys; by default one like that of restores.
    package var makeStandbyConsumer: (() throws -> any ReaderPort)?
    /// Makes the producer, and another one after its loss.
    package var makeProducer: () throws -> any ProducerPort
    package var admin: any AdminPort
    package var provider: (any StoreProvider)?
    package var clock: any WallClock
    /// The stores of the instance's global tables, by name.
    package var globalStores: [String: GlobalStore]
    /// The registry in which queries find the tasks' stores; `nil` if there are no queries.
    package var localStores: LocalStores?
    /// Makes spans of the work; `nil` if nothing is traced.
    package var trace: (any TracePort)?

    package init(
        consumer: any GroupConsumer, makeRestoreConsumer: @escaping () throws -> any ReaderPort,
        makeProducer: @escaping () throws -> any ProducerPort, admin: any AdminPort, provider: (any StoreProvider)?,
        clock: any WallClock, globalStores: [String: GlobalStore] = [:], localStores: LocalStores? = nil
    ) {
        self.localStores = localStores
        self.globalStores = globalStores
        self.consumer = consumer
        self.makeRestoreConsumer = makeRestoreConsumer
        self.makeProducer = makeProducer
        self.admin = admin
        self.provider = provider
        self.clock = clock
    }
}
