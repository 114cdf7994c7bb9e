package import MillraceEngine
import Synchronization

extension StateDirectory {
    /// Compares what the databases of tasks need, together with those that other workers are about to open, with the files that
    /// this process may have open.
    ///
    /// - Throws: ``StreamsError`` with `.stateStore` and the numbers where they do not fit.
    package func prepareToOpen(_ storeCounts: [TaskID: Int], for caller: ObjectIdentifier) throws {
        let stores = possession.withLock { possession in
            possession.expected[caller] = storeCounts.isEmpty ? nil : storeCounts
            return possession.expected.values.joined().reduce(0) { $0 + $1.value }
        }
        guard !storeCounts.isEmpty, stores > 0 else { return }
        do {
            try OpenFileLimit.check(stores: stores, otherFiles: OpenFileLimit.openFiles, limit: OpenFileLimit.current)
        } catch {
            possession.withLock { $0.expected[caller] = nil }
            throw error
        }
    }
}
