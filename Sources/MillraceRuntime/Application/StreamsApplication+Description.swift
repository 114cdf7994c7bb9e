public import Millrace
import MillraceEngine

extension StreamsApplication {
    /// The topology that the application runs.
    public var topology: Topology { supervisor.topology }

    /// The settings with which the application runs.
    public var configuration: StreamsConfiguration { supervisor.configuration }

    /// The error handlers for what is run again and counts nowhere: their decisions are not noted among ``recentErrors``.
    package var givenErrorHandlers: ErrorHandlers { supervisor.givenErrorHandlers }

    /// Returns the progress of the partitions of a store that can be read here; of all stores if no name is given. It is empty if
    /// none is known.
    package func position(of store: String?) -> Position { supervisor.localStores.position(of: store) }

    /// Returns an index of the topology, and the name of its store.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown`.
    package func index(named name: String) throws -> (store: String, plan: StoreIndexPlan) {
        try supervisor.localStores.index(named: name)
    }

    /// The number of instances, as of the last rebalance, that were given no ``StreamsConfiguration/applicationServer``.
    package var instanceCountWithoutAddress: Int { supervisor.localStores.instanceCountWithoutAddress }

    /// The latest errors of records and of worker threads, the newest first: at most 200 since the start.
    ///
    /// ```swift
    /// for error in application.recentErrors { print(error.kind.rawValue, error.message) }
    /// ```
    public var recentErrors: [RecentError] { supervisor.recentErrors.newestFirst }

    /// The worker threads that are alive, in the order of their numbers. Kafka: `metadataForLocalThreads`.
    ///
    /// ```swift
    /// for thread in application.threads { print(thread.id, thread.state.rawValue, thread.tasks) }
    /// ```
    public var threads: [ThreadMetadata] {
        supervisor.workerStatuses.sorted { $0.key < $1.key }.map { ThreadMetadata($1, id: $0) }
    }
}
