import Logging
import Millrace

extension Worker {
    /// Makes sure that the stores of tasks can be opened all together, before the first of them is.
    func prepareToOpen(_ ids: [TaskID]) throws {
        var storeCounts: [TaskID: Int] = [:]
        for id in ids where tasks[id] == nil && standbys[id] == nil {
            storeCounts[id] = topology.subtopologies[id.subtopology].stores.filter(\.isOnDisk).count
        }
        try ports.provider?.prepareToOpen(storeCounts, for: ObjectIdentifier(self))
    }

    /// Leaves the room to others that this worker has asked for and not used.
    func forgetExpectedStores() {
        do { try ports.provider?.prepareToOpen([:], for: ObjectIdentifier(self)) } catch {
            logger.debug("while closing: \(error)")
        }
    }
}
