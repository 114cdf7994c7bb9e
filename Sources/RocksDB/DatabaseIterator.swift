import CRocksDB

/// Walks the keys of a database, in either direction, within bounds.
///
/// Every move returns whether there is an entry, and throws if RocksDB stopped for a reason other than the end. The iterator
/// keeps the database open and sees it as it was when the iterator was made. Reuse it: making one costs as much as tens of
/// steps. It is not copyable, so that the entry cannot be used while the iterator moves.
///
/// ```swift
/// var iterator = try database.iterator(upperBound: end)
/// var found = try iterator.seek(to: start)
/// while found {
///     iterator.withEntry { key, value in … }
///     found = try iterator.next()
/// }
/// ```
// One owner, by its type; a RocksDB iterator belongs to no thread and its key and value may be read from several.
package struct DatabaseIterator: ~Copyable, @unchecked Sendable {
    private let iterator: OpaquePointer
    private let readOptions: OpaquePointer
    /// RocksDB keeps pointers to the bounds: their bytes live as long as the iterator.
    private let bounds: (lower: UnsafeMutableRawBufferPointer?, upper: UnsafeMutableRawBufferPointer?)
    /// Released after the iterator was destroyed, in the members' order.
    private let snapshot: Snapshot?
    private let handle: DatabaseHandle

    /// Whether it is at an entry.
    package private(set) var isValid = false

    init(
        handle: DatabaseHandle, snapshot: Snapshot?, lowerBound: UnsafeRawBufferPointer?,
        upperBound: UnsafeRawBufferPointer?, fillsCache: Bool
    ) {
        readOptions = rocksdb_readoptions_create()
        rocksdb_readoptions_set_fill_cache(readOptions, fillsCache ? 1 : 0)
        bounds = (lowerBound?.copied(), upperBound?.copied())
        if let lower = bounds.lower {
            rocksdb_readoptions_set_iterate_lower_bound(readOptions, UnsafeRawBufferPointer(lower).chars, lower.count)
        }
        if let upper = bounds.upper {
            rocksdb_readoptions_set_iterate_upper_bound(readOptions, UnsafeRawBufferPointer(upper).chars, upper.count)
        }
        if let snapshot { rocksdb_readoptions_set_snapshot(readOptions, snapshot.pointer) }
        iterator = rocksdb_create_iterator(handle.database, readOptions)
        self.snapshot = snapshot
        self.handle = handle
    }

    deinit {
        rocksdb_iter_destroy(iterator)
        rocksdb_readoptions_destroy(readOptions)
        bounds.lower?.deallocate()
        bounds.upper?.deallocate()
    }

    /// Moves to the first entry.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `corruption`, `ioError`.
    @discardableResult
    package mutating func seekToFirst() throws(RocksDBError) -> Bool {
        rocksdb_iter_seek_to_first(iterator)
        return try arrived("seekToFirst")
    }

    /// Moves to the last entry.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `corruption`, `ioError`.
    @discardableResult
    package mutating func seekToLast() throws(RocksDBError) -> Bool {
        rocksdb_iter_seek_to_last(iterator)
        return try arrived("seekToLast")
    }

    /// Moves to the first entry whose key is `key` or greater.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `corruption`, `ioError`.
    @discardableResult
    package mutating func seek(to key: UnsafeRawBufferPointer) throws(RocksDBError) -> Bool {
        rocksdb_iter_seek(iterator, key.chars, key.count)
        return try arrived("seek")
    }

    /// Moves to the last entry whose key is `key` or less.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `corruption`, `ioError`.
    @discardableResult
    package mutating func seekForPrev(to key: UnsafeRawBufferPointer) throws(RocksDBError) -> Bool {
        rocksdb_iter_seek_for_prev(iterator, key.chars, key.count)
        return try arrived("seekForPrev")
    }

    /// Moves to the next entry. The iterator must be valid.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `corruption`, `ioError`.
    @discardableResult
    package mutating func next() throws(RocksDBError) -> Bool {
        precondition(isValid, "the iterator is not at an entry")
        rocksdb_iter_next(iterator)
        return try arrived("next")
    }

    /// Moves to the previous entry. The iterator must be valid.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: `corruption`, `ioError`.
    @discardableResult
    package mutating func prev() throws(RocksDBError) -> Bool {
        precondition(isValid, "the iterator is not at an entry")
        rocksdb_iter_prev(iterator)
        return try arrived("prev")
    }

    /// Calls `body` with the key and the value of the entry, valid until it returns. The iterator must be valid.
    package borrowing func withEntry<Result, Failure: Error>(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(isValid, "the iterator is not at an entry")
        var keyCount = 0
        var valueCount = 0
        let key = rocksdb_iter_key(iterator, &keyCount)
        let value = rocksdb_iter_value(iterator, &valueCount)
        return try body(
            UnsafeRawBufferPointer(start: key, count: keyCount),
            UnsafeRawBufferPointer(start: value, count: valueCount))
    }

    /// Calls `body` with the key of the entry, valid until it returns. The iterator must be valid.
    package borrowing func withKey<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(isValid, "the iterator is not at an entry")
        var count = 0
        let key = rocksdb_iter_key(iterator, &count)
        return try body(UnsafeRawBufferPointer(start: key, count: count))
    }

    /// An iterator without an entry may have failed rather than ended: only its status tells.
    private mutating func arrived(_ operation: String) throws(RocksDBError) -> Bool {
        isValid = rocksdb_iter_valid(iterator) != 0
        if !isValid {
            let iterator = iterator
            try checked(operation, path: handle.path) { rocksdb_iter_get_error(iterator, $0) }
        }
        return isValid
    }
}

extension UnsafeRawBufferPointer {
    /// A copy that the caller deallocates; never without an address, as null means "no bound".
    fileprivate func copied() -> UnsafeMutableRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Swift.max(count, 1), alignment: 1)
        memory.copyMemory(from: self)
        return UnsafeMutableRawBufferPointer(rebasing: memory[0..<count])
    }
}
