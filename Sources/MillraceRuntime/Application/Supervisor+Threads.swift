import Logging
import Millrace
import MillraceEngine
import Synchronization

/// The part of the supervisor that adds and removes threads while the application runs (KIP-663).
extension Supervisor {
    static let threadLimit = 1_024

    /// Starts one more worker, under the lowest free number. Returns the number.
    func addThread() throws -> Int {
        let (number, factory) = try shared.withLock { shared in
            guard shared.mayResize, let factory = shared.factory, [.running, .rebalancing].contains(shared.state) else {
                throw StreamsError(
                    .illegalState, "the application is \(shared.description); threads can be added while it runs")
            }
            let number = (0...shared.statuses.count).first { shared.statuses[$0] == nil } ?? shared.statuses.count
            if let problem = configuration.problemOfThread(number) { throw StreamsError(.configuration, problem) }
            shared.statuses[number] = WorkerStatus()
            factory.divideStateCache(among: shared.statuses.count)
            return (number, factory)
        }
        do {
            try spawn(number, factory)
        } catch {
            _ = retire(number, isReplaced: false, factory)
            throw StreamsError(.illegalState, "\(error)", underlying: error)
        }
        logger.info("added a worker", metadata: ["worker": "\(number)"])
        return number
    }

    /// Removes a worker: it commits, closes its stores and leaves the group. Returns its number when its thread has ended.
    ///
    /// - Parameter number: the worker; `nil` for the one with the highest number.
    func removeThread(_ number: Int?) async throws -> Int {
        let (number, end) = try beginRemoval(of: number)
        logger.info("removing a worker", metadata: ["worker": "\(number)"])
        let limit = configuration.closeTimeout
        let hasEnded = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in end {}
                return true
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        try Task.checkCancellation()
        guard hasEnded else {
            throw StreamsError(
                .closeTimedOut, "thread \(number) has not closed within \(limit); it ends as soon as it has")
        }
        return number
    }

    private func beginRemoval(of number: Int?) throws -> (Int, AsyncStream<Never>) {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        let number = try shared.withLock { shared in
            guard shared.mayResize, [.running, .rebalancing].contains(shared.state) else {
                throw StreamsError(
                    .illegalState, "the application is \(shared.description); threads can be removed while it runs")
            }
            let staying = shared.statuses.keys.filter { shared.removals[$0] == nil }
            guard let number = number ?? staying.max(), shared.statuses[number] != nil else {
                throw StreamsError(
                    .threadUnknown, "there is no thread \(number ?? 0); there are \(shared.statuses.keys.sorted())")
            }
            if shared.removals[number] == nil, staying.count == 1 {
                throw StreamsError(
                    .lastThread, "thread \(number) is the last one; pause the application, or shut it down instead")
            }
            shared.removals[number, default: []].append(continuation)
            return number
        }
        return (number, stream)
    }

    /// Whether there are threads; if not, none can be added any more.
    func hasThreads() -> Bool {
        shared.withLock { shared in
            if shared.statuses.isEmpty { shared.mayResize = false }
            return !shared.statuses.isEmpty
        }
    }

    /// Records that a worker's thread has ended. Returns whether another worker takes its place: not if it was to be removed.
    func retire(_ number: Int, isReplaced: Bool, _ factory: WorkerFactory) -> Bool {
        let (waiting, isReplaced, count) = shared.withLock { shared in
            let waiting = shared.removals.removeValue(forKey: number)
            let isReplaced = isReplaced && waiting == nil
            if let status = shared.statuses.removeValue(forKey: number) {
                shared.past.counts += status.counts
                shared.past.commits += status.commits
                shared.past.commitTimes += status.commitTimes
            }
            // The number stays taken.
            if isReplaced { shared.statuses[number] = WorkerStatus() }
            return (waiting ?? [], isReplaced, shared.statuses.count)
        }
        factory.divideStateCache(among: count)
        for continuation in waiting { continuation.finish() }
        return isReplaced
    }
}

extension Supervisor.Shared {
    /// The state as an error names it.
    fileprivate var description: String {
        [.running, .rebalancing].contains(state) ? "starting or ending" : state.rawValue
    }
}

extension StreamsConfiguration {
    /// Returns why a thread cannot have this number; `nil` if it can.
    fileprivate func problemOfThread(_ number: Int) -> String? {
        if number >= Supervisor.threadLimit { return "an instance can have \(Supervisor.threadLimit) threads" }
        return instanceID.flatMap { KafkaName.problem(of: "\($0)-\(number)") }.map {
            "the instance id, with the number of another thread: it \($0)"
        }
    }
}
