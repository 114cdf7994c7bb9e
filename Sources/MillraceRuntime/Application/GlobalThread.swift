import Dispatch
import Glibc
import Millrace
import MillraceEngine
import Synchronization

/// Keeps the global tables of an instance up to date on a thread, for as long as workers look values up in them. Kafka:
/// `GlobalStreamThread`.
final class GlobalThread: Sendable {
    private let shared = Mutex(Shared())
    private let stopRequested = Atomic<Bool>(false)
    private let isReady = DispatchSemaphore(value: 0)
    private let hasEnded = DispatchSemaphore(value: 0)

    private struct Shared {
        var stores: [String: GlobalStore] = [:]
        var counts = TaskCounts()
        var failure: (any Error)?
    }

    /// Starts the thread and waits until the tables are complete.
    ///
    /// - Parameters:
    ///   - isGivenUp: asked while the tables are being read; `true` ends the reading.
    ///   - failed: called with an error that occurs later.
    /// - Returns: the thread with the tables' stores. They are incomplete only if the start was ended early.
    static func start(
        _ makeTables: @escaping @Sendable () throws -> GlobalTables, isGivenUp: @escaping @Sendable () -> Bool,
        failed: @escaping @Sendable (any Error) -> Void
    ) throws -> GlobalThread {
        let thread = GlobalThread()
        try startThread(named: "millrace-global") {
            thread.run(makeTables, isGivenUp: isGivenUp, failed: failed)
            thread.hasEnded.signal()
        }
        thread.isReady.wait()
        if let failure = thread.shared.withLock({ $0.failure }) { throw failure }
        return thread
    }

    /// The tables' stores by name.
    var stores: [String: GlobalStore] { shared.withLock { $0.stores } }

    var counts: TaskCounts { shared.withLock { $0.counts } }

    /// Ends the thread and waits until the stores are closed. Call it when no worker reads them any more.
    func stop() {
        stopRequested.store(true, ordering: .releasing)
        hasEnded.wait()
    }

    private func run(
        _ makeTables: () throws -> GlobalTables, isGivenUp: () -> Bool, failed: (any Error) -> Void
    ) {
        var tables: GlobalTables?
        var hasStarted = false
        do {
            let made = try makeTables()
            tables = made
            while !made.isComplete, !isGivenUp() { try step(made) }
            shared.withLock { $0.stores = made.stores }
            hasStarted = true
            isReady.signal()
            while !stopRequested.load(ordering: .acquiring) { try step(made) }
            try made.close()
        } catch {
            tables?.closeUncommitted()
            let failure = (error as? PortError)?.asStreamsError ?? error
            if hasStarted { return failed(failure) }
            shared.withLock { $0.failure = failure }
            isReady.signal()
        }
    }

    private func step(_ tables: GlobalTables) throws {
        try tables.step(maxWaitMs: 100)
        let counts = tables.takeCounts()
        shared.withLock { $0.counts += counts }
    }
}

/// The lock that keeps the global thread and the workers apart.
// Sendable because a mutex is made to be shared by threads.
final class MutexStoreLock: StoreLock, @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock(_ body: () throws -> Void) throws {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        try body()
    }
}
