import Dispatch
import Glibc
import Synchronization

/// Runs the making of segments, at once or later, on any thread.
package protocol BuildExecutor: Sendable {
    func run(_ size: BuildSize, _ work: @escaping @Sendable () -> Void)

    /// Waits while there is small work. Large work calls it now and then, so that it does not take the processors from small work, for which
    /// searches wait.
    func letSmallWorkGoFirst()
}

extension BuildExecutor {
    package func letSmallWorkGoFirst() {}
}

/// The length of the making of a segment.
package enum BuildSize: Sendable {
    /// It makes a segment of new rows, which searches compare one by one until then.
    case small
    /// It merges segments, or fills an index.
    case large
}

/// The threads on which all indexes of a process make their segments: few, so that records are not held up.
package final class BuildThreads: BuildExecutor {
    /// One thread for small work, and one for large work, or one for every four processors.
    package static let shared = BuildThreads(largeCount: max(1, processorCount / 4))

    private let small = Lane(threadCount: 1)
    private let large: Lane

    private static var processorCount: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// - Parameter largeCount: how many threads do large work.
    package init(largeCount: Int) { large = Lane(threadCount: max(1, largeCount)) }

    /// Runs some work when a thread for its size is free.
    package func run(_ size: BuildSize, _ work: @escaping @Sendable () -> Void) {
        switch size {
        case .small: small.run(work)
        case .large: large.run(work)
        }
    }

    package func letSmallWorkGoFirst() { small.awaitEnd() }
}

/// A few threads that work in the order of the work's arrival.
private final class Lane: Sendable {
    private let queue = DispatchQueue(label: "vector index builds", qos: .utility, attributes: .concurrent)
    private let state: Mutex<State>
    /// The work that has not ended.
    private let unfinished = DispatchGroup()

    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var freeCount: Int
    }

    init(threadCount: Int) { state = Mutex(State(freeCount: threadCount)) }

    func run(_ work: @escaping @Sendable () -> Void) {
        unfinished.enter()
        let isFree = state.withLock { state in
            state.waiting.append(work)
            guard state.freeCount > 0 else { return false }
            state.freeCount -= 1
            return true
        }
        if isFree { queue.async { self.workOff() } }
    }

    private func workOff() {
        while let work = next() {
            work()
            unfinished.leave()
        }
    }

    func awaitEnd() { unfinished.wait() }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.freeCount += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
