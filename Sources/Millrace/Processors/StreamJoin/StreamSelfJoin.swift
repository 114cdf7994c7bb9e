extension ProcessorElement {
    /// Joins a stream with itself, with a single store. The results are those of a join of two streams, in their order.
    ///
    /// Kafka: `KStreamKStreamSelfJoin`.
    ///
    /// - Returns: `nil` if the two sides are of different types.
    @inlinable
    static func streamSelfJoin<Key, Value, Other, Result>(
        name: String, of side: StreamJoinSide<Value>, windows: JoinWindows, key serde: Serde<Key>,
        compatibility: Compatibility, joiner: @escaping @Sendable (Value?, Other?) throws -> Result?
    ) -> ProcessorElement? {
        guard let combine = joiner as Any as? @Sendable (Value?, Value?) throws -> Result? else { return nil }
        return ProcessorElement(
            name: name, input: .processors([side.windowName]), lookups: [side.window],
            keeping: [StreamJoinTime.name(ofStore: side.store)]
        ) { node in
            let forward = try node.forward(Record<Key, Result>.self)
            let records = WindowStore(
                try node.orderedStore(named: side.store), key: serde, value: side.value, retainsDuplicates: true)
            let (drops, name) = (node.drops, node.name)
            let time = node.streamJoinTime(of: side.store, windows)
            let asKafka = compatibility == .kafkaStreams

            func process(_ record: Record<Key, Value>, _ key: Key, _ value: Value) throws {
                let timestampMs = record.timestampMs
                time.advance(to: timestampMs)
                let moment = Moment(ms: timestampMs)
                // A record that has expired is not joined with itself.
                var meetsItself =
                    asKafka
                    ? moment > (Moment(ms: time.streamTimeMs) - windows.retention).next
                    : windows.before >= .zero && windows.after >= .zero && !time.isClosed(timestampMs, isLeft: true)
                func matches(asLeft isLeft: Bool) throws -> [(startMs: Int64, value: Value)] {
                    let times = windows.matchTimes(ofRecordAt: moment, isLeft: isLeft, compatibility)
                    return try times.map { try records.fetch(key, starting: $0) } ?? []
                }
                /// Whether the side of a record would not join it any more.
                func isOver(_ otherMs: Int64, isLeft: Bool) -> Bool {
                    !asKafka && time.isClosed(otherMs, isLeft: isLeft)
                }
                func emit(_ result: Result?, at otherMs: Int64) throws {
                    try forward(
                        Record(
                            key: key, value: result, timestampMs: max(timestampMs, otherMs), headers: record.headers))
                }
                for other in try matches(asLeft: true) where !isOver(other.startMs, isLeft: false) {
                    try emit(try combine(value, other.value), at: other.startMs)
                }
                for other in try matches(asLeft: false) where !isOver(other.startMs, isLeft: true) {
                    if meetsItself, timestampMs < other.startMs {
                        meetsItself = false
                        try emit(try combine(value, value), at: timestampMs)
                    }
                    try emit(try combine(other.value, value), at: other.startMs)
                }
                if meetsItself { try emit(try combine(value, value), at: timestampMs) }
            }

            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key, let value = record.value else {
                    return drops.drop(.nullKeyOrValue, at: name)
                }
                try process(record, key, value)
            }
        }
    }
}
