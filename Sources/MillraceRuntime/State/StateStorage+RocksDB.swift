import Logging
public import MillraceEngine

extension StateStorage {
    /// RocksDB in a directory, as an instance keeps its stores; for a test driver that is to show what state on disk costs, or
    /// that a store's layout holds.
    ///
    /// ```swift
    /// let driver = try TopologyTestDriver(topology, storage: .rocksDB(in: "/tmp/state"))
    /// ```
    ///
    /// - Parameter directory: the state directory; the application's folder is made in it.
    public static func rocksDB(in directory: String) -> StateStorage {
        StateStorage { applicationID in
            try StateDirectory(directory, applicationID: applicationID, logger: Logger(label: "StateDirectory"))
        }
    }
}
