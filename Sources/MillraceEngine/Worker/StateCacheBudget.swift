import Synchronization

/// An instance's memory for state that is not on disk yet or is kept to be read again. Its workers have equal shares, which change
/// when workers are added or removed.
package final class StateCacheBudget: Sendable {
    package let sizeInBytes: Int
    private let workerCount: Atomic<Int>

    package init(sizeInBytes: Int, workerCount: Int = 1) {
        self.sizeInBytes = sizeInBytes
        self.workerCount = Atomic(max(1, workerCount))
    }

    /// The share of one worker.
    package var shareInBytes: Int { sizeInBytes / workerCount.load(ordering: .relaxed) }

    package func divide(among workerCount: Int) { self.workerCount.store(max(1, workerCount), ordering: .relaxed) }
}
