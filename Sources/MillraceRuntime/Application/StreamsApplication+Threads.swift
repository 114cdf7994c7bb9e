/// Threads that are added and removed while the application runs.
extension StreamsApplication {
    /// Adds a worker thread and starts it. Kafka: `addStreamThread` (KIP-663).
    ///
    /// ```swift
    /// let number = try application.addThread()
    /// ```
    ///
    /// The new thread joins the group, and the rebalance gives it tasks if there are enough. All threads of the instance get equal
    /// shares of ``StreamsConfiguration/stateCacheSizeInBytes``. The next start begins with ``StreamsConfiguration/threads`` again.
    ///
    /// - Returns: the thread's number: the lowest one that no thread has, so the number of a removed thread comes back.
    /// - Throws: `StreamsError` with code `.illegalState` before the application's threads have started, after it was asked to
    ///   stop, and if the system refuses a thread; `.configuration` beyond 1,024 threads.
    @discardableResult
    public func addThread() throws -> Int { try supervisor.addThread() }

    /// Removes a worker thread and waits until it has ended. Kafka: `removeStreamThread` (KIP-663).
    ///
    /// ```swift
    /// let number = try await application.removeThread()
    /// ```
    ///
    /// The thread finishes the records in progress, commits, closes its stores and leaves the group, also as a static member. Its
    /// tasks move to the other threads and instances: with exactly-once none of their records is lost or processed twice.
    ///
    /// - Parameter number: the thread's number, one of those in ``threads``; by default the highest.
    /// - Returns: the number of the removed thread.
    /// - Throws: `StreamsError` with code `.lastThread` for the only thread; `.threadUnknown` if there is no such thread;
    ///   `.illegalState` before the application's threads have started and after it was asked to stop; `.closeTimedOut` after
    ///   ``StreamsConfiguration/closeTimeout``: then the thread ends later. `CancellationError`: then too.
    @discardableResult
    public func removeThread(_ number: Int? = nil) async throws -> Int { try await supervisor.removeThread(number) }
}
