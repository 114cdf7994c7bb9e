import Logging
import Millrace
import MillraceEngine
import RocksDB

/// The location of a store's database. It can open the database in whatever state it was left.
struct StoreLocation: Sendable {
    /// The store's name.
    let name: String
    let task: TaskID
    /// The directory of the database.
    let path: String
    /// Whether the store has a changelog to be restored from.
    let isLogged: Bool
    /// The folder to which directories are moved to be deleted.
    let discards: DiscardFolder

    /// The version of the format that this code writes, and the only one that it reads.
    ///
    /// In version 1 the latest versions of a versioned store lay among the others.
    static let formatVersion: UInt32 = 2

    /// A file in the database's directory that records that damage was found in it. It is deleted with the directory.
    private var damageMark: String { path + "/MILLRACE-DAMAGED" }

    /// Opens the database. One that does not exist is created; a damaged one of a logged store is wiped first.
    func openDatabase(options: DatabaseOptions, logger: Logger) throws(StreamsError) -> Database {
        try StateFiles.createDirectory(path)
        do {
            return try openAsIs(options: options)
        } catch let error where Self.isDamage(error) {
            guard isLogged else {
                throw StreamsError(
                    .stateStore,
                    "store \(name) in \(path) is damaged and has no changelog to be restored from; "
                        + "repair it, or delete its folder to start empty",
                    task: task.description, underlying: error)
            }
            logger.warning(
                "a store is damaged: it is wiped and will be restored from its changelog",
                metadata: ["store": "\(name)", "task": "\(task)", "path": "\(path)", "error": "\(error)"])
        } catch {
            throw StreamsError.database(error, of: self)
        }
        try discard(logger: logger)
        try StateFiles.createDirectory(path)
        do {
            return try openAsIs(options: options)
        } catch {
            throw StreamsError.database(error, of: self)
        }
    }

    /// Moves the whole database out of the way and deletes it there.
    func discard(logger: Logger) throws(StreamsError) { try discards.discard(path, logger: logger) }

    /// Whether an error means that files are not as RocksDB wrote them, rather than that they cannot be reached.
    static func isDamage(_ error: RocksDBError) -> Bool {
        switch error.code {
        case .corruption, .notFound: true
        case .ioError: error.message.contains("No such file or directory")
        default: false
        }
    }

    /// Records that the database is to be wiped when it is opened next.
    func markDamaged(logger: Logger) {
        do throws(StreamsError) {
            try StateFiles.write("", to: damageMark)
        } catch {
            logger.warning("a damaged store could not be marked: \(error)")
        }
    }

    private func openAsIs(options: DatabaseOptions) throws(RocksDBError) -> Database {
        if StateFiles.exists(damageMark) { throw damage("damage was found in it before") }
        // RocksDB would take it for a new database, and the store would silently be empty.
        if !StateFiles.exists(path + "/CURRENT"), StateFiles.names(in: path).contains(where: { $0.hasSuffix(".sst") }) {
            throw damage("the file CURRENT is gone")
        }
        let database = try Database(path: path, options: options)
        do {
            try checkFormat(of: database)
        } catch {
            try database.close()
            throw error
        }
        return database
    }

    /// Reads the format's version. Into an empty database it writes the version.
    ///
    /// The version is not flushed: no later write can survive without it.
    private func checkFormat(of database: Database) throws(RocksDBError) {
        let stored = try StoreKeyLayout.format.withBytes { key throws(RocksDBError) in
            try database.withValue(forKey: key) { value in value.map { Array($0) } }
        }
        if let stored {
            let version = stored.withUnsafeBytes { UInt32(bigEndianBytes: $0) }
            guard version != Self.formatVersion else { return }
            let found = version.map { "version \($0)" } ?? "unknown"
            throw unreadable("its format is \(found), this program reads version \(Self.formatVersion)")
        }
        var iterator = try database.iterator()
        if try iterator.seekToFirst() { throw unreadable("it was not written by Millrace") }
        try StoreKeyLayout.format.withBytes { key throws(RocksDBError) in
            try Self.formatVersion.bigEndianBytes.withBytes { value throws(RocksDBError) in
                try database.put(value, forKey: key)
            }
        }
    }

    private func damage(_ message: String) -> RocksDBError {
        RocksDBError(code: .corruption, message: message, operation: "open", path: path)
    }

    private func unreadable(_ message: String) -> RocksDBError {
        RocksDBError(
            code: .notSupported, message: "\(message); delete its folder to have it restored from its changelog",
            operation: "open", path: path)
    }
}
