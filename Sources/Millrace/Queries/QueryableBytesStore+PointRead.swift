extension QueryableBytesStore {
    /// Reads a key as of one commit of its partition, and returns the position of that commit.
    ///
    /// The caller's thread reads what is in memory. Only a read of the disk, and a wait for a position or a partition, take another
    /// thread.
    ///
    /// - Parameters:
    ///   - key: the key's bytes.
    ///   - position: the position that the partitions have to reach.
    ///   - limit: how long to wait for the position, and for partitions that are being restored.
    /// - Throws: as ``read(reaching:within:_:)``.
    package func entry(
        of key: [UInt8], reaching position: Position, within limit: Duration
    ) async throws -> Committed<StoreEntry?> {
        // What stands in the way of a read from memory, the other read reports or waits for.
        if position.isEmpty, let found = try? entryInMemory(of: key) { return found }
        return try await read(reaching: position, within: limit) { try $0.get(key) }
    }

    private func entryInMemory(of key: [UInt8]) throws -> Committed<StoreEntry?>? {
        var found: Committed<StoreEntry?>?
        var isComplete = true
        let suffixCount = store.plan.serdes?.key.partitioningSuffixCount ?? 0
        try key.withUnsafeBytes { bytes in
            try store.search(UnsafeRawBufferPointer(rebasing: bytes.dropLast(suffixCount))) { partition in
                guard let read = try partition.valueInMemory(forKey: bytes) else {
                    isComplete = false
                    return true
                }
                let value = read.value.map { entry(key, $0) }
                // A partition that was searched in vain, after the key's own, is not part of the answer.
                if found == nil || value != nil {
                    found = Committed(
                        value: value, position: read.position.merging(found?.position ?? Position()))
                }
                return value != nil
            }
        }
        return isComplete ? found : nil
    }
}
