import Synchronization

/// The commits at which rows have died, because their entries were changed or deleted.
///
/// One thread records deaths, others read them. A reader that knows the number of its commit sees exactly the deaths up to it: a commit
/// is handed to readers after its deaths were recorded.
// The memory is of atomics.
final class DeathTimes: @unchecked Sendable {
    private let times: UnsafeMutablePointer<Atomic<UInt32>>
    private let capacity: Int
    private let dead = Atomic<Int>(0)

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        times = .allocate(capacity: self.capacity)
        for index in 0..<self.capacity { (times + index).initialize(to: Atomic(0)) }
    }

    deinit {
        times.deinitialize(count: capacity)
        times.deallocate()
    }

    /// The number of dead rows.
    var count: Int { dead.load(ordering: .relaxed) }

    /// Whether a row had died by a commit. Rows outside count as dead.
    @inline(__always)
    func isDead(_ row: Int, at commit: UInt32) -> Bool {
        guard row >= 0, row < capacity else { return true }
        let time = times[row].load(ordering: .relaxed)
        return time != 0 && time <= commit
    }

    /// Whether a row has died at all.
    func isDead(_ row: Int) -> Bool { isDead(row, at: .max) }

    /// Records that a row dies with a commit, from 1 on.
    func record(_ row: Int, at commit: UInt32) {
        guard row >= 0, row < capacity else { return }
        if times[row].load(ordering: .relaxed) == 0 { dead.add(1, ordering: .relaxed) }
        times[row].store(commit, ordering: .relaxed)
    }

    /// The dead rows among the first ones as bits, the first in the lowest bit of the first byte.
    func bits(of count: Int) -> [UInt8] {
        var bits = [UInt8](repeating: 0, count: (count + 7) / 8)
        for row in 0..<min(count, capacity) where isDead(row) { bits[row >> 3] |= 1 << UInt8(row & 7) }
        return bits
    }
}
