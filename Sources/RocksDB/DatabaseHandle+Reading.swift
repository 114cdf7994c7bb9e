import CRocksDB

extension DatabaseHandle {
    func withValue<Result>(
        forKey key: UnsafeRawBufferPointer, _ readOptions: OpaquePointer, _ body: (UnsafeRawBufferPointer?) -> Result
    ) throws(RocksDBError) -> Result {
        guard let value = try pinned(key, readOptions) else { return body(nil) }
        return value.withBytes { body($0) }
    }

    func withValue<Result>(
        forKey key: UnsafeRawBufferPointer, _ readOptions: OpaquePointer,
        _ body: (UnsafeRawBufferPointer?) throws -> Result
    ) throws -> Result {
        guard let value = try pinned(key, readOptions) else { return try body(nil) }
        return try value.withBytes { try body($0) }
    }

    /// Calls `body` with the value of a key, or with `nil`, unless a file has to be read for it. Returns whether it called it.
    func withValueInMemory(
        forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void
    ) throws -> Bool {
        let found: PinnedValue?
        do throws(RocksDBError) {
            found = try pinned(key, memoryReadOptions)
        } catch {
            if error.code == .incomplete { return false }
            throw error
        }
        if let value = found { try value.withBytes { try body($0) } } else { try body(nil) }
        return true
    }

    func withValues(
        forKeys keys: [UnsafeRawBufferPointer], _ readOptions: OpaquePointer,
        _ body: (Int, UnsafeRawBufferPointer?) -> Void
    ) throws(RocksDBError) {
        let starts = keys.map { UnsafePointer<CChar>?($0.chars) }
        let lengths = keys.map(\.count)
        var values = [UnsafeMutablePointer<CChar>?](repeating: nil, count: keys.count)
        var valueLengths = [Int](repeating: 0, count: keys.count)
        var errors = [UnsafeMutablePointer<CChar>?](repeating: nil, count: keys.count)
        // RocksDB allocates every value and every message; they are this function's to free, however it ends.
        defer {
            for value in values { rocksdb_free(value) }
            for error in errors { rocksdb_free(error) }
        }
        withExtendedLifetime(self) {
            rocksdb_multi_get(
                database, readOptions, keys.count, starts, lengths, &values, &valueLengths, &errors)
        }
        for index in keys.indices {
            if let error = errors[index] {
                throw RocksDBError(statusText: String(cString: error), operation: "multiGet", path: path)
            }
            body(index, values[index].map { UnsafeRawBufferPointer(start: $0, count: valueLengths[index]) })
        }
    }
}
