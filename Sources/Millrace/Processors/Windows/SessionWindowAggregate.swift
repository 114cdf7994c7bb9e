extension ProcessorElement {
    /// Aggregates the records of each key and session. A null key is dropped. Kafka: `KStreamSessionWindowAggregate`.
    ///
    /// Sessions that a record joins into one are deleted, each with a tombstone, before the new one is forwarded. A result's
    /// timestamp is its session's end.
    ///
    /// - Parameter merge: returns the aggregate of two sessions that become one, the first of which may have none yet.
    @inlinable
    static func sessionWindowAggregate<Key, Value, Aggregate>(
        for target: AggregationTarget<Key, Aggregate>, _ windows: SessionWindows, emit: EmitStrategy,
        _ aggregation: Aggregation<Key, Value, Aggregate>,
        merge: @escaping @Sendable (Key, Aggregate?, Aggregate) throws -> Aggregate?
    ) -> ProcessorElement {
        ProcessorElement(for: target, keeping: target.keptTimes(emit)) { node in
            let table: SessionTableOutput<Key, Aggregate> = try node.sessionTableOutput(
                for: target, emit: emit)
            var progress = WindowProgress(of: node, for: target, emit: emit, closing: windows.closing)
            let seesClosed = target.compatibility == .kafkaStreams
            let (drops, userCode, name) = (node.drops, node.userCode, node.name)
            let late = try node.lateRecords(ofStore: target.storeName, key: target.key, value: aggregation.input)
            /// Merges a record and the sessions that it joins into one.
            func join(
                _ record: Record<Key, Value>, _ key: Key, with merged: [(session: Window, value: Aggregate)],
                into session: Window
            ) throws {
                var aggregate = try aggregation.initial()
                for (_, value) in merged { aggregate = try merge(key, aggregate, value) }
                let new = try aggregation.add(record, aggregate)
                // A value that cannot be serialised must not delete the sessions that it was to replace.
                let serialized = try table.store.serialize(new)
                if session != Window(startMs: record.timestampMs, endMs: record.timestampMs) {
                    for (other, value) in merged { try table.set(key, other, to: nil, from: value, by: record) }
                }
                try table.set(key, session, to: new, as: serialized, by: record)
            }

            return TypedReceiver<Key, Value>(
                at: node, silence: emit == .onWindowClose ? { _ in .windowOpen } : nil
            ) { record in
                guard let key = record.key else { return drops.drop(.nullKey, at: name) }
                if record.value == nil, aggregation.dropsNullValues { return drops.drop(.nullValue, at: name) }
                let moment = Moment(ms: record.timestampMs)
                progress.advance(to: moment.ms)
                let found = try table.store.fetch(
                    key, endingAtOrAfter: (moment - windows.gap).ms, startingAtOrBefore: (moment + windows.gap).ms
                ).withoutMerged()
                let merged = seesClosed ? found : found.filter { !progress.isClosed($0.session) }
                let session = Window(startMs: moment.ms, endMs: moment.ms).joined(with: merged)
                if progress.isClosed(session) {
                    try late.drop(record, window: session.joined(with: found), progress)
                } else {
                    try userCode.attempt(at: name) { try join(record, key, with: merged, into: session) }
                }
                try table.emitClosed(&progress, by: record)
            }
        }
    }
}

extension Window {
    /// The session that contains this one and others.
    @inlinable
    func joined<Value>(with sessions: [(session: Window, value: Value)]) -> Window {
        sessions.reduce(self) { all, other in
            Window(startMs: min(all.startMs, other.session.startMs), endMs: max(all.endMs, other.session.endMs))
        }
    }
}

extension Array {
    /// The sessions without those that are inside others of the same key: they were merged into these.
    ///
    /// A session that had expired when it was merged has no tombstone in the changelog, as in Kafka Streams, and so
    /// reappears after a restore.
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
