import Millrace

extension TaskStore {
    /// Locks a task's folder and opens its stores: all of them, or none.
    static func open(
        _ plans: [StorePlan], of task: TaskID, configuration: TaskConfiguration, environment: TaskEnvironment,
        provider: (any StoreProvider)?
    ) throws -> [TaskStore] {
        guard !plans.isEmpty else { return [] }
        try provider?.lock(task)
        var opened: [TaskStore] = []
        do {
            for plan in plans {
                opened.append(
                    try open(plan, of: task, configuration: configuration, environment: environment, provider: provider)
                )
            }
            return opened
        } catch {
            for store in opened { store.close() }
            provider?.unlock(task)
            throw error
        }
    }

    private static func open(
        _ plan: StorePlan, of task: TaskID, configuration: TaskConfiguration, environment: TaskEnvironment,
        provider: (any StoreProvider)?
    ) throws -> TaskStore {
        let isLoggedBySource = plan.sourceTopicAsChangelog != nil
        var output: (any RecordOutput)?
        if !isLoggedBySource, let topic = plan.changelogTopic {
            output = try environment.changelogOutput(of: plan.name, to: topic)
        }
        let changelog = plan.changelogTopic.map {
            TopicPartition(
                topic: $0.resolved(applicationID: configuration.applicationID), partition: task.partition)
        }
        let changes = ChangeWriter(to: output, partition: task.partition, values: plan.kind.values)
        let settings = Settings(
            isCached: configuration.maxCacheSizeInBytes > 0,
            maxBufferSizeInBytes: configuration.maxStoreBufferSizeInBytes,
            onExpired: { [unowned environment] in environment.counts.drop(.expired, at: plan.name) })
        let context = StateStoreContext(
            store: plan.name, taskID: task.description, partition: task.partition,
            directory: plan.kind.isCustom ? try provider?.directory(of: plan, of: task) : nil, log: changes)
        let persistent = try plan.open(of: task, from: provider)
        persistent?.stopwatch = EngineStopwatch(environment.schedule.clock, isWatched: configuration.isWatched)
        do {
            let indexes = try plan.openIndexes(of: task, from: provider)
            let store = try TaskStore(
                plan: plan, changelog: changelog, changes: changes, persistent: persistent, indexes: indexes,
                context: context, settings: settings)
            store.beginIndexes()
            return store
        } catch {
            persistent?.close()
            throw error
        }
    }
}

extension StorePlan {
    /// Opens the store's indexes; returns `nil` if it has none.
    func openIndexes(of task: TaskID, from provider: (any StoreProvider)?) throws -> StoreIndexes? {
        try provider?.removeIndexes(of: self, of: task, exceptFor: Set(indexes.map(\.name)))
        if indexes.isEmpty { return nil }
        return try StoreIndexes(of: self, task: task) { try provider?.directory(of: $0, of: self, of: task) }
    }
}
