extension ProcessorElement {
    /// Holds the changes of a table back in a buffer and hands on each key's newest one when its time has come.
    ///
    /// Kafka: `KTableSuppressProcessorSupplier`.
    ///
    /// - Parameters:
    ///   - dropsTombstones: whether deletions are not handed on.
    ///   - bufferTime: the buffer time of a record.
    ///   - operators: those upstream for which a window has to be closed as well, by their own times.
    ///   - isDue: whether what has a buffer time is handed on at a stream time. What has an earlier one is too.
    @inlinable
    static func suppress<Key, Value>(
        name: String, store: StorePlan, key keySerde: Serde<Key>, value serde: Serde<Value>, problem: String?,
        buffer limits: BufferConfig, dropsTombstones: Bool,
        bufferTime: @escaping @Sendable (Record<Key, Change<Value>>) -> Int64,
        closedBy operators: [WindowOperator] = [],
        isDue: @escaping @Sendable (_ bufferTimeMs: Int64, _ streamTimeMs: Int64) -> Bool
    ) -> ProcessorElement {
        let timeName = "\(name)-stream-time"
        return ProcessorElement(name: name, store: store, keeping: [timeName], problem: problem) { node in
            let forward = try node.forward(Record<Key, Change<Value>>.self)
            let buffer = try node.timeOrderedBuffer(named: store.name)
            let (context, name) = (node.context, node.name)
            let streamTime = context.keptTime(named: timeName)
            let finished = FinishedWindows(of: operators, in: context)
            func handOnFirst() throws {
                guard let (keyBytes, change) = try buffer.first() else { return }
                try handOn(keyBytes, change)
                // Only now: whoever looked the key up meanwhile found the value before, as in Kafka Streams.
                try buffer.removeFirst()
            }
            func handOn(_ keyBytes: [UInt8], _ change: BufferedChange) throws {
                if change.newValue == nil, dropsTombstones { return }
                try context.resume(change.metadata, at: name) {
                    try forward(
                        Record(
                            key: try keySerde.value(from: keyBytes),
                            value: Change(
                                newValue: try change.newValue.map { try serde.value(from: $0) },
                                oldValue: try change.oldValue.map { try serde.value(from: $0) }),
                            timestampMs: change.timestampMs, headers: change.headers))
                }
            }
            return TypedReceiver<Key, Change<Value>>(at: node) { record in
                guard let key = record.key, let change = record.value else { return context.drop(.nullKey, at: name) }
                streamTime.timestampMs = max(streamTime.timestampMs, record.timestampMs)
                try context.attempt(at: name) {
                    buffer.put(
                        key: try keySerde.bytes(of: key), timeMs: bufferTime(record),
                        BufferedChange(
                            oldValue: try change.oldValue.map { try serde.bytes(of: $0) },
                            newValue: try change.newValue.map { try serde.bytes(of: $0) },
                            timestampMs: record.timestampMs, headers: record.headers, metadata: context.recordMetadata))
                }
                while let lowest = buffer.lowestTimeMs, isDue(lowest, streamTime.timestampMs),
                    finished.contains(endMs: lowest)
                { try handOnFirst() }
                while limits.isExceeded(count: buffer.count, sizeInBytes: buffer.sizeInBytes) {
                    guard limits.whenFull == .emitEarly else {
                        throw StreamsError(
                            .bufferFull,
                            "the buffer holds \(buffer.count) records and \(buffer.sizeInBytes) bytes, more than "
                                + "\(limits.limits)",
                            node: name)
                    }
                    try handOnFirst()
                }
            }
        }
    }
}

extension NodeInstance {
    /// The buffer of a name that this node is connected to.
    @usableFromInline
    func timeOrderedBuffer(named storeName: String) throws -> any TimeOrderedBuffer {
        guard let buffer = try connectedStore(named: storeName).buffer else {
            throw StreamsError(.invalidTopology, "the store \(storeName) is no buffer", node: name)
        }
        return buffer
    }
}

extension TableView {
    /// The values of this table as they are behind a buffer: of a key that is held back, the value before it was.
    @inlinable
    func suppressed(by storeName: String, key keySerde: Serde<Key>, value serde: Serde<Value>) -> TableView {
        TableView { [makeGetter] reader in
            let get = try makeGetter(reader)
            let buffer = try reader.timeOrderedBuffer(named: storeName)
            return { key, _ in
                guard let change = try buffer.change(forKey: keySerde.bytes(of: key)) else { return try get(key, nil) }
                return try change.priorValue.map {
                    ValueAndTimestamp(value: try serde.value(from: $0), timestampMs: -1)
                }
            }
        }
    }
}
