import Logging
import Millrace
package import MillraceEngine
import RocksDB

/// A store in a RocksDB database of its own: a prefix of its changelog, with the position that it reaches.
///
/// The position lies in the same database as the data (``StoreKeyLayout`` says how), so that one batch brings both or
/// neither, also across a crash. Without a write-ahead log only what was flushed is sure to survive, and whatever survives is
/// what some batch left, without gaps.
///
/// Damage, which is what RocksDB calls corruption or a file that is gone, ends a logged store's life: it is wiped, with a
/// warning, and comes back from the changelog, which is the truth. Found while opening, it is wiped at once. Found later, the
/// operation throws, and the store is wiped when it is opened next. A store without a changelog has nothing to come back
/// from: it is left as it is, and opening it or reading it throws.
///
/// Belongs to one task and its worker.
package final class RocksDBKeyValueStore: PersistentStore {
    let location: StoreLocation
    private let options: DatabaseOptions
    private let logger: Logger
    private var database: Database
    private var hasApplied = false
    /// A logged store without a position holds nothing: it need not be searched, 2 µs each time while a new store fills.
    private var isKnownToBeEmpty = false

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
        if isKnownToBeEmpty { return try body(nil) }
        try translatingErrors {
            try StoreKeyLayout.withStoredKey(of: key) { try database.withValue(forKey: $0, body) }
        }
    }

    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        // RocksDB asserts that bounds are in order.
        if let upper, !(lower ?? []).lexicographicallyPrecedes(upper) { return }
        try translatingErrors {
            var iterator = try iterator(
                from: lower.map(StoreKeyLayout.storedKey), to: upper.map(StoreKeyLayout.storedKey))
            var found = try iterator.seekToFirst()
            while found {
                let goesOn = try iterator.withEntry { key, value in
                    try StoreKeyLayout.withUserKey(of: key) { try body($0, value) } ?? true
                }
                guard goesOn else { return }
                found = try iterator.next()
            }
        }
    }

    /// Deletes every key below a bound, then applies writes and, unless it is `nil`, the position that they reach, all or
    /// nothing.
    package func apply(_ writes: [StoreWrite], droppingBelow bound: [UInt8]?, position: Int64?) throws {
        if writes.isEmpty, bound == nil, position == nil { return }
        hasApplied = true
        isKnownToBeEmpty = false
        try translatingErrors {
            var batch = WriteBatch()
            if let bound { try deleteKeys(below: bound, in: &batch) }
            for write in writes {
                StoreKeyLayout.withStoredKey(of: write.key) { key in
                    if let value = write.value { batch.put(value, forKey: key) } else { batch.delete(key) }
                }
            }
            if let position {
                StoreKeyLayout.position.withUnsafeBytes { key in
                    position.bigEndianBytes.withUnsafeBytes { batch.put($0, forKey: key) }
                }
            }
            try database.write(batch)
        }
    }

    /// One range from the first key on; the store's own keys are kept.
    private func deleteKeys(below bound: [UInt8], in batch: inout WriteBatch) throws {
        let upper = StoreKeyLayout.storedKey(of: bound)
        guard upper.lexicographicallyPrecedes(StoreKeyLayout.format) else {
            throw RocksDBError(
                code: .invalidArgument, message: "a bound above the store's own keys", operation: "deleteRange",
                path: location.path)
        }
        [UInt8]().withUnsafeBytes { lower in upper.withUnsafeBytes { batch.deleteRange(from: lower, to: $0) } }
    }

    package func setPositions(_ positions: [Int32: Int64]) throws {
        var merged = try self.positions()
        merged.merge(positions) { $1 }
        let bytes = merged.sorted { $0.key < $1.key }.flatMap { $0.key.bigEndianBytes + $0.value.bigEndianBytes }
        try translatingErrors {
            var batch = WriteBatch()
            StoreKeyLayout.positions.withUnsafeBytes { key in bytes.withUnsafeBytes { batch.put($0, forKey: key) } }
            try database.write(batch)
        }
    }

    package func positions() throws -> [Int32: Int64] {
        try translatingErrors {
            try StoreKeyLayout.positions.withUnsafeBytes { key in
                try database.withValue(forKey: key) { value in
                    guard let value else { return [:] }
                    guard value.count % 12 == 0 else {
                        throw RocksDBError(
                            code: .corruption, message: "positions of \(value.count) bytes", operation: "get",
                            path: location.path)
                    }
                    return stride(from: 0, to: value.count, by: 12).reduce(into: [:]) { positions, start in
                        let partition = Int32(
                            bigEndian: value.loadUnaligned(fromByteOffset: start, as: Int32.self))
                        positions[partition] = Int64(
                            bigEndian: value.loadUnaligned(fromByteOffset: start + 4, as: Int64.self))
                    }
                }
            }
        }
    }

    package func position() throws -> Int64? {
        let position = try readPosition()
        isKnownToBeEmpty = location.isLogged && position == nil && !hasApplied
        return position
    }

    private func readPosition() throws -> Int64? {
        try translatingErrors {
            try StoreKeyLayout.position.withUnsafeBytes { key in
                try database.withValue(forKey: key) { value in
                    guard let value else { return nil }
                    guard let position = Int64(bigEndianBytes: value) else {
                        throw RocksDBError(
                            code: .corruption, message: "a position of \(value.count) bytes", operation: "get",
                            path: location.path)
                    }
                    return position
                }
            }
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
        hasApplied = false
    }

    /// Closes the database; what has not been flushed is lost, as in a crash.
    package func close() {
        do {
            try database.close()
        } catch {
            logger.warning("closing a store failed: \(StreamsError.database(error, of: location))")
        }
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
