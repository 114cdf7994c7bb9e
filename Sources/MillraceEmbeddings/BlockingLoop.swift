import Dispatch
import Logging
import Synchronization

/// Blocking work that a thread repeats until it is stopped, with a pause after each error.
final class BlockingLoop: Sendable {
    private let name: String
    private let logger: Logger
    private let stopped = Atomic(false)
    private let hasStopped = DispatchSemaphore(value: 0)

    init(_ name: String, logger: Logger) {
        self.name = name
        self.logger = logger
    }

    var isStopped: Bool { stopped.load(ordering: .acquiring) }

    func stop() {
        stopped.store(true, ordering: .releasing)
        hasStopped.signal()
    }

    /// Repeats some work on a thread of its own until the loop is stopped.
    func run(_ work: @escaping @Sendable () throws -> Void) async {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: name).async { [self] in
                while !isStopped {
                    do { try work() } catch {
                        logger.warning("announcements of embeddings: \(error)")
                        _ = hasStopped.wait(timeout: .now() + .seconds(1))
                    }
                }
                continuation.resume()
            }
        }
    }
}
