package import Millrace
package import MillraceEngine
import Synchronization

extension StateDirectory {
    /// Compares the number of files that the tasks' databases need, together with those that other workers are about to open, with
    /// the number that this process may have open. Then opens the databases, several at once.
    ///
    /// Opening a database waits for the disk several times. One after the other, a thousand of them take many seconds.
    ///
    /// - Throws: ``StreamsError`` with `.stateStore` and the numbers if they do not fit.
    package func prepareToOpen(_ stores: [TaskID: [StorePlan]], for caller: ObjectIdentifier) throws {
        let counts = stores.mapValues(\.count)
        let (count, unused) = possession.withLock { possession in
            possession.expected[caller] = counts.isEmpty ? nil : counts
            let unused = possession.openedAhead.filter { $0.value.isAwaited(by: caller) && stores[$0.key] == nil }
            for task in unused.keys { possession.openedAhead[task] = nil }
            return (possession.expected.values.joined().reduce(0) { $0 + $1.value }, unused)
        }
        for (task, opened) in unused {
            opened.close()
            release(task)
        }
        guard !counts.isEmpty, count > 0 else { return }
        do {
            try OpenFileLimit.check(stores: count, otherFiles: OpenFileLimit.openFiles, limit: OpenFileLimit.current)
        } catch {
            possession.withLock { $0.expected[caller] = nil }
            throw error
        }
        openAhead(stores, for: caller)
    }

    /// Databases of a task that are opened before a worker has asked for them.
    struct OpenedAhead {
        private let caller: ObjectIdentifier
        private var isHandedOver = false
        private var engines: [String: HandedEngine] = [:]

        init(for caller: ObjectIdentifier) { self.caller = caller }

        mutating func add(_ engine: HandedEngine, of store: String) { engines[store] = engine }

        /// Whether the caller has not locked the task yet.
        func isAwaited(by caller: ObjectIdentifier) -> Bool { self.caller == caller && !isHandedOver }

        /// Returns whether the task can be locked without taking possession of it, because that has been done already.
        mutating func handOver() -> Bool {
            defer { isHandedOver = true }
            return !isHandedOver
        }

        mutating func take(_ store: String) -> HandedEngine? { engines.removeValue(forKey: store) }

        func close() { for engine in engines.values { engine.engine.close() } }
    }

    // The thread that opens it hands it over under a lock and never touches it again; after that it belongs to one worker.
    struct HandedEngine: @unchecked Sendable {
        let engine: RocksDBEngine
    }

    /// Opens databases ahead of their use. One that fails is opened again when it is asked for, and that call throws the error.
    private func openAhead(_ stores: [TaskID: [StorePlan]], for caller: ObjectIdentifier) {
        var locations: [StoreLocation] = []
        for (task, plans) in stores.sorted(by: { $0.key < $1.key }) {
            // Another worker of this process is about to close it.
            guard (try? take(task)) != nil else { continue }
            possession.withLock { $0.openedAhead[task] = OpenedAhead(for: caller) }
            for plan in plans {
                if case .custom? = plan.supplier?.choice { continue }
                if let location = try? location(of: plan, of: task) { locations.append(location) }
            }
        }
        let next = Mutex(locations[...])
        runOnThreads(min(locations.count, Self.openingThreads), named: "millrace-open") { [self] in
            while let location = next.withLock({ $0.popFirst() }) {
                guard let engine = try? engine(at: location) else { continue }
                let handed = HandedEngine(engine: engine)
                possession.withLock { $0.openedAhead[location.task]?.add(handed, of: location.name) }
            }
        }
    }

    /// The number of opening threads. It is high because they wait for the disk, not for the processor.
    private static var openingThreads: Int { 16 }
}
