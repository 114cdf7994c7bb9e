package import Millrace
import Synchronization

/// The stores of an instance as its queries find them: the registry that workers and readers share.
///
/// It is thread-safe. A store is followed only once somebody has asked for it, because following costs memory and a little time at
/// each commit.
package final class LocalStores: Sendable {
    private let stores: [String: LocalStore]
    private let topology: Topology
    private let executor: any QueryExecutor
    private let shared = Mutex(Shared())
    /// Increases with every store that somebody asks for, and whenever the tasks have to check again.
    private let wishes = Atomic<Int>(0)

    private struct Shared {
        var inputs: [TaskID: [TopicPartition]] = [:]
        var placement = TaskPlacement()
    }

    /// - Parameters:
    ///   - executor: runs reads that may block; by default the calling thread does.
    ///   - now: the clock by which the sizes in the catalogue grow old.
    package init(
        _ topology: Topology, executor: any QueryExecutor = DirectExecutor(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.executor = executor
        self.topology = topology
        var stores: [String: LocalStore] = [:]
        for subtopology in topology.subtopologies {
            for plan in subtopology.stores { stores[plan.name] = LocalStore(plan, of: subtopology, now: now) }
        }
        self.stores = stores
    }

    // MARK: The application's life

    /// Records that the application has started, and its tasks.
    ///
    /// - Parameter inputs: the partitions that each task reads.
    package func begin(_ inputs: [TaskID: [TopicPartition]]) {
        setInputs(inputs)
        for store in stores.values { store.setLifecycle(.unassigned) }
    }

    /// Sets the tasks, which come and go with topics that match a pattern. Call it before a new task is opened.
    func setInputs(_ inputs: [TaskID: [TopicPartition]]) {
        shared.withLock { $0.inputs = inputs }
        for store in stores.values {
            if store.isGlobal {
                store.setPartitionCount(1)
            } else {
                store.setInputs(inputs.filter { $0.key.subtopology == store.subtopology })
            }
        }
    }

    package func end() { for store in stores.values { store.setLifecycle(.ended) } }

    /// Makes the global tables' stores readable.
    package func setGlobal(_ globalStores: [String: GlobalStore]) {
        for (name, global) in globalStores {
            stores[name]?.setReader(global, of: 0)
            stores[name]?.setIndexes(global.publishedIndexes, of: 0)
            stores[name]?.setLifecycle(.assigned)
        }
    }

    // MARK: What workers say

    /// Records the owner of each task.
    package func setPlacement(_ placement: TaskPlacement) {
        shared.withLock { $0.placement = placement }
        for store in stores.values where !store.isGlobal { store.setPlacement(placement) }
    }

    func opened(_ task: TaskID, _ store: String) { stores[store]?.setOpen(task.partition, true) }
    func closed(_ task: TaskID, _ store: String) { stores[store]?.setOpen(task.partition, false) }

    /// Records the indexes of a task's store; `nil` if they are closed.
    func setIndexes(_ indexes: PublishedIndexes?, of task: TaskID, _ store: String) {
        stores[store]?.setIndexes(indexes, of: task.partition)
    }

    func follow(_ task: TaskID, _ store: String, by reader: any StoreReader, isStandby: Bool) {
        stores[store]?.setReader(reader, of: task.partition, isStandby: isStandby)
    }

    /// Makes the tasks check again which of their stores are wanted: one of them is not followed any more, or not yet.
    func lookAgain() { wishes.add(1, ordering: .acquiringAndReleasing) }

    /// Publishes a global store's only partition.
    package func followGlobal(_ store: String, by reader: any StoreReader, inputs: [TopicPartition]) {
        stores[store]?.setInputs([TaskID(subtopology: stores[store]?.subtopology ?? 0, partition: 0): inputs])
        stores[store]?.setReader(reader, of: 0)
    }

    /// Returns the signal of each commit of a store.
    package func signal(of store: String) -> CommitSignal? { stores[store]?.signal }

    package func isWanted(_ store: String) -> Bool { stores[store]?.isWanted ?? false }

    /// A count that changes whenever there may be a wanted store that is not followed.
    package var wishCount: Int { wishes.load(ordering: .acquiring) }

    // MARK: Queries

    /// Returns a handle of a store. The store is followed from now on.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown` or `.storeMismatch`.
    package func view<Store>(_ query: StoreQuery<Store>) throws -> Store {
        let store = try store(of: query)
        if let problem = query.expectation.problem(with: store.plan) { throw StreamsError(.storeMismatch, problem) }
        want(store.plan.name)
        return query.view(
            of: StoreView(
                store, partition: query.partition, readsStale: query.readsStaleStores,
                executor: store.plan.isInMemory ? DirectExecutor() as any QueryExecutor : executor))
    }

    /// Makes a store be followed from now on.
    package func want(_ name: String) {
        guard let store = stores[name], !store.isWanted else { return }
        store.want()
        wishes.add(1, ordering: .acquiringAndReleasing)
    }

    /// Returns one partition of a store as of its last commit, which later commits do not change.
    package func pin(_ name: String, partition: Int32) throws -> (reader: any StoreReader, position: Position) {
        guard let reader = try store(named: name).readers(partition, readsStale: false).first else {
            throw StreamsError(.storeUnavailable, "partition \(partition) of the store \(name) cannot be read")
        }
        return try reader.pin()
    }

    /// Returns the progress of the partitions of a store that can be read here; of all stores if no name is given. It is empty if
    /// none is known.
    package func position(of name: String?) -> Position {
        guard let name else { return stores.values.reduce(into: Position()) { $0.merge($1.position) } }
        return stores[name]?.position ?? Position()
    }

    /// The entries of all stores in the catalogue, by name.
    package var descriptions: [StoreDescription] {
        stores.values.map(\.description).sorted { $0.name < $1.name }
    }

    /// Returns the store that a query asks for, or the one whose index it asks for.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown`.
    package func store<Store>(of query: StoreQuery<Store>) throws -> LocalStore {
        guard query.expectation.isOfIndex else { return try store(named: query.name) }
        return try store(named: index(named: query.name).store)
    }

    /// Returns an index of the topology, and the name of its store.
    ///
    /// - Throws: `StreamsError` with code `.storeUnknown`.
    package func index(named name: String) throws -> (store: String, plan: StoreIndexPlan) {
        for store in stores.values {
            if let plan = store.plan.indexes.first(where: { $0.name == name }) { return (store.plan.name, plan) }
        }
        throw unknownIndex(name)
    }

    private func unknownIndex(_ name: String) -> StreamsError {
        let known = stores.values.flatMap { $0.plan.indexes.map(\.name) }.sorted()
        return StreamsError(
            .storeUnknown,
            "the topology has no index \(name); it has " + (known.isEmpty ? "none" : known.joined(separator: ", ")))
    }

    package func store(named name: String) throws -> LocalStore {
        guard let store = stores[name] else {
            let known = stores.values.filter(\.plan.kind.isQueryable).map(\.plan.name).sorted()
            throw StreamsError(
                .storeUnknown,
                "the topology has no store \(name); it has "
                    + (known.isEmpty ? "none" : known.joined(separator: ", ")))
        }
        return store
    }

    /// Returns the owner of a key of a store.
    package func metadata<Key>(of key: Key, _ serde: Serde<Key>, in name: String) throws -> KeyMetadata {
        let bytes = try serde.bytes(of: key).dropLast(serde.partitioningSuffixCount)
        let store = try store(named: name)
        return try Array(bytes).withUnsafeBytes { try store.metadata(of: $0) }
    }

    /// Returns the owner of a key of a store, given the key's bytes as the store's serde writes them.
    package func metadata(ofKeyBytes key: [UInt8], in name: String) throws -> KeyMetadata {
        let store = try store(named: name)
        let suffixCount = store.plan.serdes?.key.partitioningSuffixCount ?? 0
        return try Array(key.dropLast(suffixCount)).withUnsafeBytes { try store.metadata(of: $0) }
    }

    /// Returns the owner of a partition of a store.
    package func metadata(ofPartition partition: Int32, in name: String) throws -> KeyMetadata {
        try store(named: name).metadata(ofPartition: partition)
    }

    /// Returns the plan of a store.
    package func plan(of name: String) throws -> StorePlan { try store(named: name).plan }

    /// Returns the number of a store's partitions.
    package func partitionCount(of name: String) throws -> Int { try store(named: name).partitionCount() }

    /// The number of instances that were given no address.
    package var instanceCountWithoutAddress: Int { shared.withLock { $0.placement.countWithoutAddress } }

    /// The tasks and stores of each instance, by the configured addresses.
    package var instances: [InstanceMetadata] {
        let (inputs, placement) = shared.withLock { ($0.inputs, $0.placement) }
        var found: [InstanceAddress?: InstanceMetadata] = [:]
        for address in placement.addresses { found[address] = InstanceMetadata(address: address) }
        for (task, owner) in placement.owners {
            var metadata = found[owner] ?? InstanceMetadata(address: owner)
            metadata.stores.formUnion(stores.values.filter { $0.subtopology == task.subtopology }.map(\.plan.name))
            metadata.partitions.formUnion(inputs[task] ?? [])
            found[owner] = metadata
        }
        for (task, holders) in placement.standbys {
            let followed = stores.values.filter { $0.subtopology == task.subtopology && $0.plan.changelogTopic != nil }
            for holder in holders {
                var metadata = found[holder] ?? InstanceMetadata(address: holder)
                metadata.standbyStores.formUnion(followed.map(\.plan.name))
                metadata.standbyPartitions.formUnion(inputs[task] ?? [])
                found[holder] = metadata
            }
        }
        return found.values.sorted { ($0.address?.description ?? "") < ($1.address?.description ?? "") }
    }
}

extension GlobalStore: StoreReader {
    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try readOnlyMap().withValue(forKey: key, body)
    }

    /// Returns the store itself: a scan holds its lock as long as it takes.
    package func snapshot() throws -> any KeyValueBytesStore { try readOnlyMap() }

    package func pin() throws -> (reader: any StoreReader, position: Position) { throw notFollowed }
    package func position() throws -> Position { throw notFollowed }
    package func customView() throws -> any Sendable { throw notFollowed }
    package var approximateSize: StoreSize? { nil }

    private var notFollowed: StreamsError {
        StreamsError(.storeUnavailable, "the global store \(plan.name) is being made readable: try again")
    }

    private func readOnlyMap() throws -> any KeyValueBytesStore { try readOnlyAccess.map(named: plan.name) }
}

/// The instances of a generation's tasks, by the configured addresses.
package struct TaskPlacement: Sendable {
    package var owners: [TaskID: InstanceAddress?] = [:]
    /// The instances with standbys. Those that would take a task over come first.
    package var standbys: [TaskID: [InstanceAddress?]] = [:]
    /// The addresses of all instances, also of those without tasks.
    package var addresses: Set<InstanceAddress> = []
    /// The number of instances that were given no address.
    package var countWithoutAddress = 0

    package init() {}
}
