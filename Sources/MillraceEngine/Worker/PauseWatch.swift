/// A worker's view of what the instance's user has paused. It changes only between two steps, so that a step runs a task or skips
/// it as a whole.
///
/// The setting belongs to the instance, not to its tasks: whatever tasks a rebalance brings, those of a paused sub-topology are
/// paused. Kafka: `TopologyMetadata.isPaused` (KIP-834).
final class PauseWatch {
    private let setting: @Sendable () -> Set<Int>
    private var paused: Set<Int> = []

    /// - Parameter setting: returns the numbers of the sub-topologies that are paused at present.
    init(_ setting: @escaping @Sendable () -> Set<Int>) { self.setting = setting }

    /// Takes over the present setting. Returns whether it has changed.
    func follow() -> Bool {
        let present = setting()
        guard present != paused else { return false }
        paused = present
        return true
    }

    func isPaused(_ task: StreamTask) -> Bool { !paused.isEmpty && paused.contains(task.id.subtopology) }
}
