import Synchronization

/// The instance's memory for state that is not on disk yet or is kept to be read again. Its workers have equal shares, which change
/// when workers are added or removed.
final class StateCacheBudget: Sendable {
    private let sizeInBytes: Int
    private let workerCount: Atomic<Int>

    init(sizeInBytes: Int, workerCount: Int) {
        self.sizeInBytes = sizeInBytes
        self.workerCount = Atomic(max(1, workerCount))
    }

    /// The share of one worker.
    var shareInBytes: Int { sizeInBytes / workerCount.load(ordering: .relaxed) }

    func divide(among workerCount: Int) { self.workerCount.store(max(1, workerCount), ordering: .relaxed) }
}
