extension ProcessorElement {
    /// One side of a join of streams: joins each record of this stream with those of the other one that are near it in time.
    ///
    /// A record's window contains its possible matches. A record is joined with those of the other stream whose windows are
    /// open by the stream time that both sides share. A record without a match waits, if it has a result of its own, until
    /// its window is closed. The results of records whose wait is over precede the matches of the record that ended it, and
    /// only a record at stream time ends any. Kafka: `KStreamKStreamJoin`.
    ///
    /// - Parameters:
    ///   - keepsUnmatched: whether this side's records without a match have a result.
    ///   - unmatched: the store of the records of both sides that wait; `nil` for an inner join.
    ///   - combine: returns the joined value of this side's and the other side's.
    @inlinable
    static func streamJoin<Key, Value, Other, Result>(
        name: String, of side: StreamJoinSide<Value>, with other: StreamJoinSide<Other>, windows: JoinWindows,
        key serde: Serde<Key>, keepsUnmatched: Bool, unmatched: StorePlan?, compatibility: Compatibility,
        _ combine: @escaping @Sendable (Value?, Other?) throws -> Result?
    ) -> ProcessorElement {
        let asKafka = compatibility == .kafkaStreams
        let timeStore = side.isLeft ? side.store : other.store
        return ProcessorElement(
            name: name, input: .processors([side.windowName]), lookups: [other.window], sharing: unmatched,
            keeping: [StreamJoinTime.name(ofStore: timeStore)]
        ) { node in
            let forward = try node.forward(Record<Key, Result>.self)
            let others = WindowStore(
                try node.orderedStore(named: other.store), key: serde, value: other.value, retainsDuplicates: true)
            let waiting = try unmatched.map { plan in
                UnmatchedRecords(try node.orderedStore(named: plan.name), key: serde)
            }
            let (drops, userCode, name) = (node.drops, node.userCode, node.name)
            let time = node.streamJoinTime(of: timeStore, windows)

            /// Forwards the results of the records whose wait is over.
            func emitUnmatched(_ waiting: UnmatchedRecords<Key>, by record: Record<Key, Value>) throws {
                if time.oldestUnmatchedMs == .min {
                    time.oldestUnmatchedMs = .max
                    try waiting.visit { _, timestampMs, _ in
                        time.oldestUnmatchedMs = timestampMs
                        return false
                    }
                }
                if time.oldestUnmatchedMs == .max { return }
                guard time.isClosed(time.oldestUnmatchedMs, isLeft: side.isLeft) else { return }
                time.oldestUnmatchedMs = .max
                var (leftIsOpen, rightIsOpen) = (false, false)
                try waiting.visit { isLeft, timestampMs, list in
                    time.oldestUnmatchedMs = timestampMs
                    if leftIsOpen, rightIsOpen { return false }
                    guard time.isClosed(timestampMs, isLeft: isLeft) else {
                        if isLeft { leftIsOpen = true } else { rightIsOpen = true }
                        // Kafka Streams continues record by record, and records the time of the one at which it ends.
                        return !(leftIsOpen && rightIsOpen && list.count > 1)
                    }
                    try list.visitValues { bytes in
                        try userCode.attempt(at: name) {
                            let key = try waiting.key(of: list)
                            let result =
                                isLeft == side.isLeft
                                ? try combine(try side.value.deserialize(bytes), nil)
                                : try combine(nil, try other.value.deserialize(bytes))
                            try forward(
                                Record(key: key, value: result, timestampMs: timestampMs, headers: record.headers))
                        }
                    }
                    try waiting.remove(list, changeMs: record.timestampMs)
                    return true
                }
            }

            func wait(_ record: Record<Key, Value>) -> Silence {
                let end = windows.endMs(ofRecordAt: record.timestampMs, isLeft: side.isLeft)
                return .waits(
                    JoinWait(
                        other: other.windowName,
                        matches: windows.matchTimes(
                            ofRecordAt: Moment(ms: record.timestampMs), isLeft: side.isLeft, compatibility),
                        untilMs: windows.closing.closingTime(endMs: end).ms, keepsUnmatched: keepsUnmatched,
                        streamTimeMs: { time.streamTimeMs }))
            }

            return TypedReceiver<Key, Value>(at: node, silence: wait) { record in
                time.advance(to: record.timestampMs)
                guard let value = record.value, let key = record.key else {
                    guard keepsUnmatched, let value = record.value else {
                        return drops.drop(.nullKeyOrValue, at: name)
                    }
                    return try forward(record.with(value: combine(value, nil)))
                }
                if let waiting, record.timestampMs == time.streamTimeMs { try emitUnmatched(waiting, by: record) }
                let times = windows.matchTimes(
                    ofRecordAt: Moment(ms: record.timestampMs), isLeft: side.isLeft, compatibility)
                var isMatched = false
                for match in try times.map({ try others.fetch(key, starting: $0) }) ?? [] {
                    if !asKafka, time.isClosed(match.startMs, isLeft: !side.isLeft) { continue }
                    isMatched = true
                    // A pair without a result, because of an error, is not a match: the other record continues to wait.
                    let result = try combine(value, match.value)
                    try waiting?.remove(
                        key, isLeft: !side.isLeft, timestampMs: match.startMs, changeMs: record.timestampMs)
                    try forward(
                        Record(
                            key: key, value: result, timestampMs: max(record.timestampMs, match.startMs),
                            headers: record.headers))
                }
                guard !isMatched, keepsUnmatched else { return }
                // Kafka Streams ignores the grace here.
                let waits =
                    asKafka
                    ? (times?.upperBound ?? 0) >= time.streamTimeMs
                    : !time.isClosed(record.timestampMs, isLeft: side.isLeft)
                if let waiting, waits {
                    time.recordUnmatched(at: record.timestampMs)
                    return try waiting.insert(
                        key, value, side.value, isLeft: side.isLeft, timestampMs: record.timestampMs)
                }
                // No match can arrive any more.
                try forward(record.with(value: combine(value, nil)))
            }
        }
    }
}
