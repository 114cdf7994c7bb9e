package import Millrace
import Synchronization

/// One store of the topology: its partitions on this instance, and the readers of each.
///
/// Workers report the partitions that they open, follow and close. Queries look them up in a table that is replaced as a whole with
/// every change.
package final class LocalStore: Sendable {
    package let plan: StorePlan
    /// The number of the store's sub-topology.
    let subtopology: Int
    let isGlobal: Bool
    /// The signal of each commit and each change of the partitions.
    package let signal = CommitSignal()
    private let table = Mutex(Table())
    private let sizes = Mutex(MeasuredSizes())
    private let now: @Sendable () -> ContinuousClock.Instant

    /// An immutable state, so that a read has to retain one object only.
    private final class Table: Sendable {
        let lifecycle: Lifecycle
        let partitions: [Partition]
        let isWanted: Bool

        init(lifecycle: Lifecycle = .created, partitions: [Partition] = [], isWanted: Bool = false) {
            self.lifecycle = lifecycle
            self.partitions = partitions
            self.isWanted = isWanted
        }

        func with(
            lifecycle: Lifecycle? = nil, partitions: [Partition]? = nil, isWanted: Bool? = nil
        ) -> Table {
            Table(
                lifecycle: lifecycle ?? self.lifecycle, partitions: partitions ?? self.partitions,
                isWanted: isWanted ?? self.isWanted)
        }
    }

    enum Lifecycle: Sendable {
        case created
        /// The application is started, but has no tasks so far.
        case unassigned
        case assigned
        case ended
    }

    struct Partition: Sendable {
        /// The partitions that its task reads.
        var inputs: [TopicPartition] = []
        /// Whether a task of this instance has the partition.
        var isOpen = false
        var reader: (any StoreReader)?
        /// The reader for those who accept stale data: a standby's store, until it is closed or read like the others.
        var staleReader: (any StoreReader)?
        /// The indexes of the partition for those who want figures, a standby's too.
        var indexes: PublishedIndexes?
        /// The instance that has the partition, according to the last rebalance.
        var owner: InstanceAddress?
        /// The instances that have a standby.
        var standbys: [InstanceAddress] = []

        func reader(_ readsStale: Bool) -> (any StoreReader)? { reader ?? (readsStale ? staleReader : nil) }
    }

    /// - Parameter now: the clock by which sizes grow old.
    init(
        _ plan: StorePlan, of subtopology: Topology.Subtopology,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.plan = plan
        self.now = now
        self.subtopology = subtopology.id
        isGlobal = subtopology.isGlobal
    }

    // MARK: What workers say

    func setLifecycle(_ lifecycle: Lifecycle) { change { $0.with(lifecycle: lifecycle) } }

    /// Sets the number of partitions. Existing ones keep their state.
    func setPartitionCount(_ count: Int) {
        change { table in
            if table.partitions.count == count { return table }
            let kept = table.partitions.prefix(count)
            return table.with(partitions: kept + Array(repeating: Partition(), count: count - kept.count))
        }
    }

    /// Sets the partitions that the tasks of the store read. There are as many partitions of the store.
    func setInputs(_ inputs: [TaskID: [TopicPartition]]) {
        setPartitionCount(inputs.count)
        change { table in
            var partitions = table.partitions
            for (task, inputs) in inputs where partitions.indices.contains(Int(task.partition)) {
                partitions[Int(task.partition)].inputs = inputs
            }
            return table.with(partitions: partitions)
        }
    }

    func setOpen(_ partition: Int32, _ isOpen: Bool) {
        changePartition(partition) {
            $0.isOpen = isOpen
            $0.reader = nil
            // A standby that becomes active stays readable for those who read it before.
            if !isOpen { $0.staleReader = nil }
        }
    }

    func setReader(_ reader: any StoreReader, of partition: Int32, isStandby: Bool = false) {
        changePartition(partition) {
            if isStandby {
                $0.staleReader = reader
            } else {
                $0.isOpen = true
                $0.reader = reader
                $0.staleReader = nil
            }
        }
    }

    func setIndexes(_ indexes: PublishedIndexes?, of partition: Int32) {
        if indexes == nil, plan.indexes.isEmpty { return }
        changePartition(partition) { $0.indexes = indexes }
    }

    func setPlacement(_ placement: TaskPlacement) {
        change { table in
            var partitions = table.partitions
            for index in partitions.indices {
                let task = TaskID(subtopology: subtopology, partition: Int32(index))
                partitions[index].owner = placement.owners[task] ?? nil
                partitions[index].standbys = placement.standbys[task, default: []].compactMap { $0 }
            }
            return table.with(
                lifecycle: table.lifecycle == .unassigned ? .assigned : nil, partitions: partitions)
        }
    }

    private func changePartition(_ partition: Int32, _ body: (inout Partition) -> Void) {
        change { table in
            var partitions = table.partitions
            guard partitions.indices.contains(Int(partition)) else { return table }
            body(&partitions[Int(partition)])
            return table.with(partitions: partitions)
        }
    }

    private func change(_ body: (Table) -> Table) {
        table.withLock { $0 = body($0) }
        signal.signal()
    }

    // MARK: What queries ask

    /// Whether somebody wants to query the store.
    var isWanted: Bool { table.withLock { $0.isWanted } }

    func want() { change { $0.with(isWanted: true) } }

    /// Whether there are local partitions and all of them can be read. Of standbys only those count that can be read already.
    package func isReadable(readsStale: Bool) -> Bool {
        let table = table.withLock { $0 }
        return table.lifecycle == .assigned && table.partitions.contains { $0.reader(readsStale) != nil }
            && table.partitions.allSatisfy { !$0.isOpen || $0.reader(readsStale) != nil }
    }

    func metadata(of key: UnsafeRawBufferPointer) throws -> KeyMetadata {
        let table = try runningTable()
        let partition = isGlobal ? 0 : KafkaPartitioner.partition(for: key, count: Int32(table.partitions.count))
        return metadata(ofPartition: partition, in: table)
    }

    func metadata(ofPartition partition: Int32) throws -> KeyMetadata {
        let table = try runningTable()
        guard table.partitions.indices.contains(Int(partition)) else { throw unknown(partition, in: table) }
        return metadata(ofPartition: partition, in: table)
    }

    private func metadata(ofPartition partition: Int32, in table: Table) -> KeyMetadata {
        let found = table.partitions[Int(partition)]
        return KeyMetadata(
            partition: partition, isHere: found.isOpen, address: found.owner, standbyAddresses: found.standbys)
    }

    func partitionCount() throws -> Int { try runningTable().partitions.count }

    func readers(_ only: Int32?, readsStale: Bool) throws -> [any StoreReader] {
        let table = try runningTable()
        if let only { return [try reader(of: only, in: table, readsStale)] }
        let open = table.partitions.indices.filter {
            table.partitions[$0].isOpen || table.partitions[$0].reader(readsStale) != nil
        }
        if open.isEmpty { throw missing(0, in: table) }
        return try open.map { try reader(of: Int32($0), in: table, readsStale) }
    }

    func search(
        _ key: UnsafeRawBufferPointer, _ only: Int32?, readsStale: Bool, _ body: (any StoreReader) throws -> Bool
    ) throws {
        let table = try runningTable()
        let count = Int32(table.partitions.count)
        let likely = only ?? (count == 1 ? 0 : KafkaPartitioner.partition(for: key, count: count))
        let isKnown = table.partitions.indices.contains(Int(likely))
        let reader = isKnown ? table.partitions[Int(likely)].reader(readsStale) : nil
        if let reader, try body(reader) { return }
        if only == nil {
            for (index, partition) in table.partitions.enumerated() where index != Int(likely) {
                if let reader = partition.reader(readsStale), try body(reader) { return }
            }
        }
        if reader == nil { _ = try self.reader(of: likely, in: table, readsStale) }
    }

    private func reader(of partition: Int32, in table: Table, _ readsStale: Bool) throws -> any StoreReader {
        guard table.partitions.indices.contains(Int(partition)) else {
            throw unknown(partition, in: table)
        }
        guard let reader = table.partitions[Int(partition)].reader(readsStale) else {
            throw missing(partition, in: table)
        }
        return reader
    }

    /// Makes sure that the local partitions have reached a position.
    func check(_ bound: Position, _ only: Int32?, readsStale: Bool) throws {
        if bound.isEmpty { return }
        let table = try runningTable()
        let topics = Set(table.partitions.flatMap { $0.inputs.map(\.topic) })
        if let other = bound.offsets.keys.filter({ !topics.contains($0.topic) }).min() {
            throw StreamsError(
                .positionMismatch,
                "a position in \(other.topic) says nothing about the store \(plan.name), whose tasks read "
                    + topics.sorted().joined(separator: ", "))
        }
        for (index, partition) in table.partitions.enumerated() where only == nil || only == Int32(index) {
            let required = bound.limited(to: partition.inputs)
            if required.isEmpty { continue }
            guard let reader = partition.reader(readsStale) else {
                if partition.isOpen { throw missing(Int32(index), in: table) }
                continue
            }
            let reached = try reader.position()
            if !reached.reaches(required) { throw notReached(index, reached, required) }
        }
    }

    /// Makes sure that partitions which have been read had reached a position.
    ///
    /// - Parameter read: the readers of the partitions, each with the position of the commit that was read.
    func check(_ bound: Position, of read: [(reader: any StoreReader, reached: Position)]) throws {
        let table = try runningTable()
        for (reader, reached) in read {
            let index = table.partitions.firstIndex { $0.reader === reader || $0.staleReader === reader }
            guard let index else {
                throw StreamsError(
                    .storeUnavailable, "a partition of the store \(plan.name) moved while it was read: try again")
            }
            let required = bound.limited(to: table.partitions[index].inputs)
            if !reached.reaches(required) { throw notReached(index, reached, required) }
        }
    }

    private func notReached(_ partition: Int, _ reached: Position, _ required: Position) -> StreamsError {
        var error = StreamsError(
            .positionNotReached,
            "partition \(partition) of the store \(plan.name) is at \(reached.isEmpty ? "the beginning" : "\(reached)"), "
                + "before \(required)", task: "\(subtopology)_\(partition)")
        error.position = reached
        return error
    }

    /// The progress of the partitions that can be read here, standbys' included; empty if none is known.
    var position: Position {
        table.withLock { $0 }.partitions.reduce(into: Position()) { position, partition in
            if let reached = try? partition.reader(true)?.position() { position.merge(reached) }
        }
    }

    /// The store's entry in the catalogue.
    var description: StoreDescription {
        let table = table.withLock { $0 }
        let partitions = table.partitions.enumerated().map { index, partition in
            let location: StoreDescription.Partition.Location =
                partition.reader != nil
                ? .here : partition.isOpen ? .unavailable : partition.staleReader != nil ? .standby : .elsewhere
            var description = StoreDescription.Partition(
                id: Int32(index), location: location, owner: partition.owner, standbys: partition.standbys)
            let reader = partition.reader(true)
            description.position = try? reader?.position()
            let size = sizes.withLock { $0.size(of: index, reader, at: now()) }
            description.approximateEntryCount = size?.entryCount
            description.approximateSizeInBytes = size?.sizeInBytes
            description.indexFigures = partition.indexes?.figures ?? [:]
            return description
        }
        return StoreDescription(
            plan, isGlobal: isGlobal,
            inputTopics: Set(table.partitions.flatMap { $0.inputs.map(\.topic) }).sorted(), partitions: partitions)
    }

    private func runningTable() throws -> Table {
        let table = table.withLock { $0 }
        switch table.lifecycle {
        case .created:
            throw StreamsError(
                .storeUnavailable, "the application has not been started, so \(plan.name) cannot be read")
        case .unassigned:
            throw StreamsError(.storeUnavailable, "the instance has not been given its tasks yet, nor \(plan.name)")
        case .assigned where table.partitions.isEmpty:
            throw StreamsError(
                .storeUnavailable, "no topic matches what \(plan.name) is made of, so it has no partitions yet")
        case .assigned: return table
        case .ended: throw StreamsError(.illegalState, "the application has ended, so \(plan.name) cannot be read")
        }
    }

    private func unknown(_ partition: Int32, in table: Table) -> StreamsError {
        StreamsError(
            .storeElsewhere, "the store \(plan.name) has no partition \(partition): it has \(table.partitions.count)")
    }

    private func missing(_ partition: Int32, in table: Table) -> StreamsError {
        let what = "partition \(partition) of the store \(plan.name)"
        let found = table.partitions.indices.contains(Int(partition)) ? table.partitions[Int(partition)] : Partition()
        if found.isOpen {
            return StreamsError(
                .storeUnavailable, "\(what) is being restored or made readable: try again",
                task: "\(subtopology)_\(partition)")
        }
        let owner = found.owner.map { ": the one at \($0)" } ?? ""
        return StreamsError(
            .storeElsewhere, "\(what) is another instance's\(owner)", task: "\(subtopology)_\(partition)")
    }
}

/// The part of a store that a query reads: all local partitions, or one.
package final class StoreView: QueriedStore {
    private let store: LocalStore
    private let partition: Int32?
    private let readsStale: Bool

    private let executor: any QueryExecutor

    init(_ store: LocalStore, partition: Int32?, readsStale: Bool, executor: any QueryExecutor) {
        self.executor = executor
        self.store = store
        self.partition = partition
        self.readsStale = readsStale
    }

    package var plan: StorePlan { store.plan }

    package func search(_ key: UnsafeRawBufferPointer, _ body: (any StoreReader) throws -> Bool) throws {
        try store.search(key, partition, readsStale: readsStale, body)
    }

    package func readers() throws -> [any StoreReader] { try store.readers(partition, readsStale: readsStale) }

    package func pinned() -> any PinnedStore { PinnedView(self) }

    package func check(_ position: Position) throws {
        try store.check(position, partition, readsStale: readsStale)
    }

    func check(_ position: Position, of read: [(reader: any StoreReader, reached: Position)]) throws {
        try store.check(position, of: read)
    }

    package var changeCount: UInt64 { store.signal.count }

    package func waitForChange(since count: UInt64, until deadline: ContinuousClock.Instant) async throws -> Bool {
        try await store.signal.wait(since: count, until: deadline)
    }

    package func perform<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result { try await executor.perform(body) }
}
