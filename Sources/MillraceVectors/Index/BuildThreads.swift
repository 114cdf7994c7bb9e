import Dispatch
import Glibc

/// Runs the making of segments, at once or later, on any thread.
package protocol BuildExecutor: Sendable {
    func run(_ work: @escaping @Sendable () -> Void)
}

/// The threads on which all indexes of a process make their segments: few, so that records are not held up.
package final class BuildThreads: BuildExecutor {
    /// One thread, or one for every four processors.
    package static let shared = BuildThreads(count: max(1, processorCount / 4))

    private let queue: DispatchQueue
    private let places: DispatchSemaphore

    private static var processorCount: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    package init(count: Int) {
        places = DispatchSemaphore(value: max(1, count))
        queue = DispatchQueue(label: "vector index builds", qos: .utility, attributes: .concurrent)
    }

    /// Runs some work when a thread is free.
    package func run(_ work: @escaping @Sendable () -> Void) {
        queue.async { [places] in
            places.wait()
            defer { places.signal() }
            work()
        }
    }
}
