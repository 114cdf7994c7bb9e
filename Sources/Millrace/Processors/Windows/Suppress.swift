extension ProcessorElement {
    /// Holds back the changes of a table in a buffer and forwards each key's newest change when it is due.
    ///
    /// Kafka: `KTableSuppressProcessorSupplier`.
    ///
    /// - Parameters:
    ///   - dropsTombstones: whether deletions are not forwarded.
    ///   - bufferTime: the buffer time of a record.
    ///   - operators: the upstream operators for which a window has to be closed as well, by their own times.
    ///   - isDue: whether a change with a buffer time is forwarded at a stream time. Changes with earlier times are too.
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
            let (drops, userCode, origins) = (node.drops, node.userCode, node.origins)
            let (resumption, name) = (node.resumption, node.name)
            let streamTime = node.keptTimes.keptTime(named: timeName)
            let finished = FinishedWindows(of: operators, keptIn: node.keptTimes)
            func forwardFirst() throws {
                guard let (keyBytes, change) = try buffer.first() else { return }
                try forwardChange(keyBytes, change)
                // Only now: a look-up of the key in the meantime found the earlier value, as in Kafka Streams.
                try buffer.removeFirst()
            }
            func forwardChange(_ keyBytes: [UInt8], _ change: BufferedChange) throws {
                if change.newValue == nil, dropsTombstones { return }
                try resumption.resume(change.metadata, at: name) {
                    try forward(
                        Record(
                            key: try keySerde.value(from: keyBytes),
                            value: Change(
                                newValue: try change.newValue.map { try serde.value(from: $0) },
                                oldValue: try change.oldValue.map { try serde.value(from: $0) }),
                            timestampMs: change.timestampMs, headers: change.headers))
                }
            }
            func held(_ record: Record<Key, Change<Value>>) -> Silence {
                .suppressed(
                    untilMs: firstTime { isDue(bufferTime(record), $0) }, streamTimeMs: { streamTime.timestampMs })
            }
            return TypedReceiver<Key, Change<Value>>(at: node, silence: held) { record in
                guard let key = record.key, let change = record.value else { return drops.drop(.nullKey, at: name) }
                streamTime.timestampMs = max(streamTime.timestampMs, record.timestampMs)
                try userCode.attempt(at: name) {
                    buffer.put(
                        key: try keySerde.bytes(of: key), timeMs: bufferTime(record),
                        BufferedChange(
                            oldValue: try change.oldValue.map { try serde.bytes(of: $0) },
                            newValue: try change.newValue.map { try serde.bytes(of: $0) },
                            timestampMs: record.timestampMs, headers: record.headers, metadata: origins.recordMetadata))
                }
                while let lowest = buffer.lowestTimeMs, isDue(lowest, streamTime.timestampMs),
                    finished.contains(endMs: lowest)
                { try forwardFirst() }
                while limits.isExceeded(count: buffer.count, sizeInBytes: buffer.sizeInBytes) {
                    guard limits.whenFull == .emitEarly else {
                        throw StreamsError(
                            .bufferFull,
                            "the buffer holds \(buffer.count) records and \(buffer.sizeInBytes) bytes, more than "
                                + "\(limits.limits)",
                            node: name)
                    }
                    try forwardFirst()
                }
            }
        }
    }
}

/// Returns the first stream time at which something is due that stays due; `nil` if it never is.
@usableFromInline
func firstTime(_ isDue: (Int64) -> Bool) -> Int64? {
    guard isDue(.max) else { return nil }
    var (low, high) = (Int64(0), Int64.max)
    while low < high {
        let middle = low + (high - low) / 2
        if isDue(middle) { high = middle } else { low = Moment(ms: middle).next.ms }
    }
    return low
}

extension NodeInstance {
    /// Returns the buffer of a given name to which this node is connected.
    @usableFromInline
    func timeOrderedBuffer(named storeName: String) throws -> any TimeOrderedBuffer {
        guard let buffer = try connectedStore(named: storeName).buffer else {
            throw StreamsError(.invalidTopology, "the store \(storeName) is no buffer", node: name)
        }
        return buffer
    }
}

extension TableView {
    /// The values of this table downstream of a buffer: for a key that is held back, the value that it had before.
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
