import Synchronization

/// The sub-topologies that are paused on this instance. The instance's user changes them at any time, on any thread.
///
/// The setting belongs to the instance, not to its tasks: whatever tasks a rebalance brings, those of a paused sub-topology are
/// paused. It is kept in memory only. Kafka: `TopologyMetadata.pauseTopology` (KIP-834).
package final class PauseSetting: Sendable {
    private let subtopologies = Mutex<Set<Int>>([])
    /// The number of changes so far, so that a worker need not take the lock in each step.
    private let changes = Atomic<Int>(0)

    package init() {}

    package var changeCount: Int { changes.load(ordering: .acquiring) }

    /// The numbers of the paused sub-topologies.
    package var paused: Set<Int> { subtopologies.withLock { $0 } }

    /// Pauses sub-topologies; those that are paused stay so.
    package func pause(_ numbers: some Sequence<Int>) { change { $0.formUnion(numbers) } }

    /// Resumes sub-topologies; those that are not paused stay so.
    package func resume(_ numbers: some Sequence<Int>) { change { $0.subtract(numbers) } }

    private func change(_ body: (inout sending Set<Int>) -> Void) {
        subtopologies.withLock { subtopologies in
            body(&subtopologies)
            changes.add(1, ordering: .releasing)
        }
    }
}

/// A worker's view of the pause. It changes only between two steps, so that a step runs a task or skips it as a whole.
final class PauseWatch {
    private let setting: PauseSetting
    private var seenCount = 0
    private var paused: Set<Int> = []

    init(_ setting: PauseSetting) { self.setting = setting }

    /// Takes over the present setting. Returns whether it has changed.
    func follow() -> Bool {
        let count = setting.changeCount
        guard count != seenCount else { return false }
        let before = paused
        (seenCount, paused) = (count, setting.paused)
        return paused != before
    }

    func isPaused(_ task: StreamTask) -> Bool { !paused.isEmpty && paused.contains(task.id.subtopology) }
}
