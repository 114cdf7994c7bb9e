import Synchronization

/// The sub-topologies that are paused on this instance. They are changed on any thread, and kept in memory only.
final class PauseSetting: Sendable {
    private let subtopologies = Mutex<Set<Int>>([])

    /// The numbers of the paused sub-topologies.
    var paused: Set<Int> { subtopologies.withLock { $0 } }

    /// Pauses sub-topologies; those that are paused stay so.
    func pause(_ numbers: [Int]) { subtopologies.withLock { $0.formUnion(numbers) } }

    /// Resumes sub-topologies; those that are not paused stay so.
    func resume(_ numbers: [Int]) { subtopologies.withLock { $0.subtract(numbers) } }
}
