import Logging
package import Millrace
import RocksDB

/// A store's entries in a RocksDB database of its own.
///
/// The store's changelog position is among them, so that one batch brings both or neither, also across a crash. Without a
/// write-ahead log only what was flushed is sure to survive, and whatever survives is what some batch left, without gaps.
///
/// Damage, which is what RocksDB calls corruption or a file that is gone, ends a logged store's life: it is wiped, with a
/// warning, and comes back from the changelog, which is the truth. Found while opening, it is wiped at once. Found later, the
/// operation throws, and the store is wiped when it is opened next. A store without a changelog has nothing to come back
/// from: it is left as it is, and opening it or reading it throws.
///
/// Belongs to one task and its worker.
package final class RocksDBEngine: StorageEngine {
    let location: StoreLocation
    private let options: DatabaseOptions
    private let logger: Logger
    private var database: Database
    /// Of the open database, once somebody has asked for it.
    private var concurrentReader: RocksDBReader?

    /// Opens the store, creating it where there is none.
    ///
    /// - Throws: ``StreamsError`` with `.stateStore`: the database cannot be opened, is damaged and has no changelog, or was
    ///   not written in this format.
    init(at location: StoreLocation, options: DatabaseOptions, logger: Logger) throws {
        self.location = location
        self.options = options
        self.logger = logger
        database = try location.openDatabase(options: options, logger: logger)
    }

    package func withValue(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws {
        try translatingErrors { try database.withValue(forKey: key, body) }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try translatingErrors {
            var iterator = try iterator(from: lower, to: upper)
            var found = reversed ? try iterator.seekToLast() : try iterator.seekToFirst()
            while found {
                guard try iterator.withEntry(body) else { return }
                found = reversed ? try iterator.prev() : try iterator.next()
            }
        }
    }

    /// One range is deleted from the first key on.
    package func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?) throws {
        try translatingErrors {
            var batch = WriteBatch()
            if let bound {
                [UInt8]().withUnsafeBytes { lower in
                    bound.withUnsafeBytes { batch.deleteRange(from: lower, to: $0) }
                }
            }
            for write in writes {
                if let value = write.value { batch.put(value, forKey: write.key) } else { batch.delete(write.key) }
            }
            try database.write(batch)
        }
    }

    package func flush() throws {
        try translatingErrors { try database.flush() }
    }

    /// Moves the database away in one step, with its data and its position, and starts an empty one.
    package func removeAll() throws {
        close()
        try location.discard(logger: logger)
        database = try location.openDatabase(options: options, logger: logger)
    }

    /// Closes the database; what has not been flushed is lost, as in a crash.
    package func close() {
        concurrentReader?.close()
        concurrentReader = nil
        do {
            try database.close()
        } catch {
            logger.warning("closing a store failed: \(StreamsError.database(error, of: location))")
        }
    }

    package var reader: (any StorageReader)? {
        let reader = concurrentReader ?? RocksDBReader(database, at: location)
        concurrentReader = reader
        return reader
    }

    private func iterator(from lower: [UInt8]?, to upper: [UInt8]?) throws(RocksDBError) -> DatabaseIterator {
        // The iterator copies its bounds; an empty lower bound is none.
        try (lower ?? []).withBytes { lower throws(RocksDBError) in
            guard let upper else { return try database.iterator(lowerBound: lower) }
            return try upper.withBytes { upper throws(RocksDBError) in
                try database.iterator(lowerBound: lower, upperBound: upper)
            }
        }
    }

    @inline(__always)
    private func translatingErrors<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as RocksDBError {
            throw translated(error)
        }
    }

    private func translated(_ error: RocksDBError) -> StreamsError {
        if location.isLogged, StoreLocation.isDamage(error) { location.markDamaged(logger: logger) }
        return StreamsError.database(error, of: location)
    }
}
