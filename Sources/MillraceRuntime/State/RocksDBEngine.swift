import Logging
package import Millrace
import RocksDB

/// Keeps one store's entries in one RocksDB database.
///
/// The store's changelog position is one of the entries, so that one batch writes both or neither, also across a crash. Without a
/// write-ahead log only flushed data is sure to survive. Whatever survives is the state after some batch, without gaps.
///
/// Damage means that RocksDB reports corruption or a missing file. A damaged store with a changelog is wiped, with a warning, and
/// restored from the changelog, which is the truth. Damage that is found while opening has the store wiped at once. If it is found
/// later, the operation throws, and the store is wiped when it is opened next. A store without a changelog cannot be restored: it
/// is left unchanged, and opening it or reading it throws.
///
/// An engine belongs to one task and its worker.
package final class RocksDBEngine: StorageEngine {
    let location: StoreLocation
    private let options: DatabaseOptions
    private let logger: Logger
    private var database: Database
    private let databases: DatabaseList?
    /// The reader of the open database; `nil` once it is closed.
    private var concurrentReader: RocksDBReader?

    /// Opens the store. A store that does not exist is created.
    ///
    /// - Parameter databases: the list of open databases, which the store's is part of while it is open.
    /// - Throws: ``StreamsError`` with `.stateStore`: the database cannot be opened, is damaged and has no changelog, or was not
    ///   written in this format.
    init(at location: StoreLocation, options: DatabaseOptions, in databases: DatabaseList? = nil, logger: Logger) throws
    {
        self.location = location
        self.options = options
        self.logger = logger
        self.databases = databases
        database = try location.openDatabase(options: options, logger: logger)
        beginReading()
    }

    private func beginReading() {
        let reader = RocksDBReader(database, at: location)
        concurrentReader = reader
        databases?.add(reader, at: location)
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

    /// Writes the batch; everything below the bound is deleted as one range from the first key on.
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
        beginReading()
    }

    /// Closes the database. Data that has not been flushed is lost, as in a crash.
    package func close() {
        if let reader = concurrentReader {
            databases?.remove(reader, at: location)
            reader.close()
        }
        concurrentReader = nil
        do {
            try database.close()
        } catch {
            logger.warning("closing a store failed: \(StreamsError.database(error, of: location))")
        }
    }

    package var reader: (any StorageReader)? { concurrentReader }

    private func iterator(from lower: [UInt8]?, to upper: [UInt8]?) throws(RocksDBError) -> DatabaseIterator {
        // The iterator copies its bounds; an empty lower bound means none.
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
