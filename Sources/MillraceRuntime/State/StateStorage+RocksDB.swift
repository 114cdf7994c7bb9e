import Logging
public import MillraceEngine

extension StateStorage {
    /// Returns a storage that keeps stores in RocksDB databases in a directory, as an instance does. Use it for a test driver that
    /// is to show what state on disk costs, or that a store's layout holds.
    ///
    /// ```swift
    /// let driver = try TopologyTestDriver(topology, storage: .rocksDB(in: "/tmp/state"))
    /// ```
    ///
    /// - Parameter directory: the state directory; the application's folder is created in it.
    public static func rocksDB(in directory: String) -> StateStorage {
        StateStorage { applicationID in
            try StateDirectory(directory, applicationID: applicationID, logger: Logger(label: "StateDirectory"))
        }
    }
}
