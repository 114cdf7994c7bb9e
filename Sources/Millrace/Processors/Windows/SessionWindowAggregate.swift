extension ProcessorElement {
    /// Aggregates the records of each key and session. A null key is dropped. Kafka: `KStreamSessionWindowAggregate`.
    ///
    /// Sessions that a record joins into one are deleted, each with a tombstone, before the new one comes; a result's
    /// timestamp is its session's end.
    ///
    /// - Parameter merge: the aggregate of two sessions that become one, of which the first may have none yet.
    @inlinable
    static func sessionWindowAggregate<Key, Value, Aggregate>(
        at place: AggregationPlace<Key, Aggregate>, _ windows: SessionWindows, emit: EmitStrategy,
        _ aggregation: Aggregation<Key, Value, Aggregate>,
        merge: @escaping @Sendable (Key, Aggregate?, Aggregate) throws -> Aggregate?
    ) -> ProcessorElement {
        ProcessorElement(at: place) { node in
            let table: SessionTableOutput<Key, Aggregate> = try node.sessionTableOutput(
                at: place, emit: emit)
            var progress = WindowProgress(of: node, storeName: place.storeName, emit: emit)
            let (context, name) = (node.context, node.name)
            let late = try node.lateRecords(ofStore: place.storeName, key: place.key, value: aggregation.input)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key else { return context.drop(.nullKey, at: name) }
                if record.value == nil, aggregation.dropsNullValues { return context.drop(.nullValue, at: name) }
                let timestampMs = record.timestampMs
                let streamTimeMs = progress.advance(to: timestampMs)
                let closeMs = (Moment(ms: streamTimeMs) - (windows.grace + windows.gap)).ms
                let moment = Moment(ms: timestampMs)
                let found = try table.store.fetch(
                    key, endingAtOrAfter: (moment - windows.gap).ms, startingAtOrBefore: (moment + windows.gap).ms
                ).withoutMerged()
                var session = Window(startMs: timestampMs, endMs: timestampMs)
                for (other, _) in found {
                    session.startMs = min(session.startMs, other.startMs)
                    session.endMs = max(session.endMs, other.endMs)
                }
                if session.endMs < closeMs {
                    try late.drop(record, window: session, streamTimeMs: streamTimeMs, boundMs: closeMs)
                } else {
                    let new: Aggregate?
                    do {
                        var aggregate = try aggregation.initial()
                        for (_, value) in found { aggregate = try merge(key, aggregate, value) }
                        new = try aggregation.add(record, aggregate)
                    } catch {
                        return try context.processingFailed(error, at: name)
                    }
                    if session != Window(startMs: timestampMs, endMs: timestampMs) {
                        for (other, value) in found { try table.set(key, other, to: nil, from: value, by: record) }
                    }
                    try table.set(key, session, to: new, from: nil, by: record)
                }
                guard progress.oldestToEmit(closeMs: closeMs) != nil, closeMs >= 1 else {
                    return
                }
                let first = max(0, progress.closed.timestampMs)
                guard first <= closeMs - 1 else { return }
                try table.emit(endingFrom: first, through: closeMs - 1, by: record)
                progress.closed.timestampMs = closeMs
                table.store.bytes.heldFromMs = closeMs
            }
        }
    }
}

extension Array {
    /// Without the sessions that lie in others of the same key: they were merged into those.
    ///
    /// A session that had expired when it was merged has no tombstone in the changelog, as in Kafka Streams, and so comes back
    /// with a restore.
    @usableFromInline
    func withoutMerged<Value>() -> [Element] where Element == (session: Window, value: Value) {
        if count < 2 { return self }
        return filter { inner in
            !contains { outer in
                outer.session != inner.session && outer.session.startMs <= inner.session.startMs
                    && outer.session.endMs >= inner.session.endMs
            }
        }
    }
}
