import Millrace
import MillraceEngine
import RocksDB

/// A failure of the operating system on a file of the state directory.
package struct StateFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The operation that failed: "create", "lock", "move".
    package let operation: String
    package let path: String
    /// The system's `errno`.
    package let number: Int32
    /// The system's description of the error.
    package let reason: String

    package var description: String { "cannot \(operation) \(path): \(reason)" }
}

extension StreamsError {
    /// Returns an error for a failure on a file. Its message holds the path and the reason, `underlying` the ``StateFileError``.
    static func stateFile(_ error: StateFileError) -> StreamsError {
        StreamsError(.stateStore, error.description, underlying: error)
    }

    /// Returns an error for a failure of a store's database. Its message says in words what can be done, `underlying` has the
    /// `RocksDBError`.
    static func database(_ error: RocksDBError, of store: StoreLocation) -> StreamsError {
        let what =
            switch error.code {
            case .noSpace: "there is no space left for"
            case .locked: "another process has"
            case .corruption: "damaged:"
            case .closed: "closed already:"
            case .ioError where error.message.hasSuffix("Permission denied"): "permission denied:"
            default: "\(error.operation) failed:"
            }
        return StreamsError(
            .stateStore, "\(what) the database of store \(store.name) in \(store.path)", task: store.task.description,
            underlying: error)
    }
}
