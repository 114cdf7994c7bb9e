import Millrace

/// The stores that queries have requested. They become queryable as soon as everything in them is committed.
final class RequestedStores {
    private let context: WorkerContext
    private let offsets: InputOffsets
    /// The number of requested stores that have been made queryable; `nil` while some have not.
    private var metWishCount: Int?

    init(_ context: WorkerContext, offsets: InputOffsets) {
        self.context = context
        self.offsets = offsets
    }

    /// Whether some requested stores have not been made queryable.
    var haveChanged: Bool {
        guard let localStores = context.ports.localStores else { return false }
        return metWishCount != localStores.wishCount
    }

    /// Makes the requested stores queryable.
    ///
    /// - Parameters:
    ///   - tasks: the tasks whose stores are restored.
    ///   - areTasksComplete: whether these are all tasks that this worker is to have.
    func follow(_ tasks: [StreamTask], standbys: [TaskState], areTasksComplete: Bool) throws {
        guard let wishCount = context.ports.localStores?.wishCount else { return }
        var isMet = areTasksComplete
        let wanted = tasks.filter(\.state.hasStoresToFollow)
        try confirmOffsets(of: wanted.filter { !$0.hasProgress && !offsets.isConfirmed($0.partitions) })
        for task in wanted {
            if task.hasProgress {
                task.requestCommit()
                isMet = false
            } else {
                try task.followWantedStores()
            }
        }
        for state in standbys where state.hasStoresToFollow { try state.followWantedStores() }
        metWishCount = isMet ? wishCount : nil
    }

    /// Makes sure that the stores correspond to the committed offsets that this worker knows.
    ///
    /// A worker that was delayed while it restored them may have read records that another one has written since, and may not know
    /// yet that its generation is over.
    private func confirmOffsets(of tasks: [StreamTask]) throws(PortError) {
        let partitions = tasks.flatMap(\.partitions).filter { !offsets.isOutdated($0) }
        if partitions.isEmpty { return }
        let committed = try context.ports.consumer.committed(partitions)
        guard let changed = partitions.first(where: { committed[$0]?.offset != offsets.committed[$0]?.offset }) else {
            return
        }
        throw PortError(
            .staleGeneration, "another member has committed offsets of \(changed) since this one took its task on")
    }
}
