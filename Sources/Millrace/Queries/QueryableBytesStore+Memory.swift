extension QueryableBytesStore {
    /// Reads a key as of one commit of its partition, and returns the position of that commit, if that takes neither a wait nor a
    /// read of a disk; otherwise `nil`.
    ///
    /// - Throws: as every read of a store.
    package func entryInMemory(of key: [UInt8]) throws -> Committed<StoreEntry?>? {
        var found = Committed<StoreEntry?>(value: nil, position: Position())
        var isComplete = true
        let suffixCount = store.plan.serdes?.key.partitioningSuffixCount ?? 0
        try key.withUnsafeBytes { bytes in
            try store.search(UnsafeRawBufferPointer(rebasing: bytes.dropLast(suffixCount))) { partition in
                guard let read = try partition.valueInMemory(forKey: bytes) else {
                    isComplete = false
                    return true
                }
                found.position.merge(read.position)
                found.value = read.value.map { entry(key, $0) }
                return read.value != nil
            }
        }
        return isComplete ? found : nil
    }
}
