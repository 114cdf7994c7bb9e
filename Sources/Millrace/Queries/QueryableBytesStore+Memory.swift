extension QueryableBytesStore {
    /// Reads a key as of one commit of its partition, and returns the position of that commit, if that takes neither a wait nor a
    /// read of a disk; otherwise `nil`.
    ///
    /// - Throws: as every read of a store.
    package func entryInMemory(of key: [UInt8]) throws -> Committed<StoreEntry?>? {
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
                    found = Committed(value: value, position: read.position.merging(found?.position ?? Position()))
                }
                return value != nil
            }
        }
        return isComplete ? found : nil
    }
}
