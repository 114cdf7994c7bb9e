package import Millrace
import Synchronization

/// One store of the topology: which of its partitions are this instance's, and who reads them.
///
/// Workers say what they open, follow and close; queries look it up in a table that is replaced as a whole with every such
/// change.
package final class LocalStore: Sendable {
    package let plan: StorePlan
    /// The number of the store's sub-topology.
    let subtopology: Int
    let isGlobal: Bool
    private let table = Mutex(Table())

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
        /// Started, but without tasks so far.
        case unassigned
        case assigned
        case ended
    }

    struct Partition: Sendable {
        /// Whether a task of this instance has it.
        var isOpen = false
        var reader: (any StoreReader)?
        /// What those read who do not mind that it may be behind: a standby's store, until it is closed or read like others.
        var staleReader: (any StoreReader)?
        /// Where the instance is that has it, according to the last rebalance.
        var owner: InstanceAddress?
        /// Where those are that have a standby.
        var standbys: [InstanceAddress] = []

        func reader(_ readsStale: Bool) -> (any StoreReader)? { reader ?? (readsStale ? staleReader : nil) }
    }

    init(_ plan: StorePlan, of subtopology: Topology.Subtopology) {
        self.plan = plan
        self.subtopology = subtopology.id
        isGlobal = subtopology.isGlobal
    }

    // MARK: What workers say

    func setLifecycle(_ lifecycle: Lifecycle) { change { $0.with(lifecycle: lifecycle) } }

    /// Those partitions that stay keep what is known of them.
    func setPartitionCount(_ count: Int) {
        change { table in
            if table.partitions.count == count { return table }
            let kept = table.partitions.prefix(count)
            return table.with(partitions: kept + Array(repeating: Partition(), count: count - kept.count))
        }
    }

    func setOpen(_ partition: Int32, _ isOpen: Bool) {
        changePartition(partition) {
            $0.isOpen = isOpen
            $0.reader = nil
            // A standby that becomes active stays readable for those whom it served before.
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

    private func change(_ body: (Table) -> Table) { table.withLock { $0 = body($0) } }

    // MARK: What queries ask

    /// Whether somebody wants to query the store.
    var isWanted: Bool { table.withLock { $0.isWanted } }

    func want() { change { $0.with(isWanted: true) } }

    /// Whether every partition that is here can be read, and there is one; of standbys those count that can be read by now.
    package func isReadable(readsStale: Bool) -> Bool {
        let table = table.withLock { $0 }
        return table.lifecycle == .assigned && table.partitions.contains { $0.reader(readsStale) != nil }
            && table.partitions.allSatisfy { !$0.isOpen || $0.reader(readsStale) != nil }
    }

    func metadata(of key: UnsafeRawBufferPointer) throws -> KeyMetadata {
        let table = try runningTable()
        let partition = isGlobal ? 0 : KafkaPartitioner.partition(for: key, count: Int32(table.partitions.count))
        let found = table.partitions[Int(partition)]
        return KeyMetadata(
            partition: partition, isHere: found.isOpen, address: found.owner, standbyAddresses: found.standbys)
    }

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
            throw StreamsError(
                .storeElsewhere,
                "the store \(plan.name) has no partition \(partition): it has \(table.partitions.count)")
        }
        guard let reader = table.partitions[Int(partition)].reader(readsStale) else {
            throw missing(partition, in: table)
        }
        return reader
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

/// What a query reads: all of a store that is here, or one partition.
package final class StoreView: QueriedStore {
    private let store: LocalStore
    private let partition: Int32?
    private let readsStale: Bool

    init(_ store: LocalStore, partition: Int32?, readsStale: Bool) {
        self.store = store
        self.partition = partition
        self.readsStale = readsStale
    }

    package var plan: StorePlan { store.plan }

    package func search(_ key: UnsafeRawBufferPointer, _ body: (any StoreReader) throws -> Bool) throws {
        try store.search(key, partition, readsStale: readsStale, body)
    }

    package func readers() throws -> [any StoreReader] { try store.readers(partition, readsStale: readsStale) }
}
