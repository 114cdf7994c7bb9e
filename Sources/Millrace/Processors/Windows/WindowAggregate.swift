extension ProcessorElement {
    /// Aggregates the records of each key and time window. A null key is dropped. Kafka: `KStreamWindowAggregate`.
    @inlinable
    static func windowAggregate<Key, Value, Aggregate>(
        for target: AggregationTarget<Key, Aggregate>, _ windows: TimeWindows, emit: EmitStrategy,
        _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> ProcessorElement {
        ProcessorElement(for: target, keeping: target.keptTimes(emit)) { node in
            let table: WindowTableOutput<Key, Aggregate> = try node.windowTableOutput(
                for: target, emit: emit
            ) { windows.window(startingAt: $0) }
            var progress = WindowProgress(of: node, for: target, emit: emit, closing: windows.closing)
            let (drops, userCode, name) = (node.drops, node.userCode, node.name)
            // Whether each record is in one window only, whose change need not wait for others.
            let isAlone = windows.advanceMs >= windows.sizeMs
            let late = try node.lateRecords(ofStore: target.storeName, key: target.key, value: aggregation.input)
            return TypedReceiver<Key, Value>(
                at: node, silence: emit == .onWindowClose ? { _ in .windowOpen } : nil
            ) { record in
                guard let key = record.key else { return drops.drop(.nullKey, at: name) }
                if record.value == nil, aggregation.dropsNullValues { return drops.drop(.nullValue, at: name) }
                progress.advance(to: record.timestampMs)
                try userCode.attempt(at: name) {
                    table.prepared.removeAll()
                    try windows.forEachStart(at: record.timestampMs) { startMs in
                        let window = windows.window(startingAt: startMs)
                        if progress.isClosed(window) { return try late.drop(record, window: window, progress) }
                        let stored = try table.store.fetch(key, startMs: startMs)
                        let old = try stored?.value ?? aggregation.initial()
                        let new = try aggregation.add(record, old)
                        let timestampMs = max(record.timestampMs, stored?.timestampMs ?? record.timestampMs)
                        if isAlone {
                            return try table.set(key, window, to: new, from: old, timestampMs: timestampMs, by: record)
                        }
                        try table.prepare(window, to: new, from: old, timestampMs: timestampMs)
                    }
                    if !isAlone { try table.makeChanges(of: key, by: record) }
                }
                try table.emitClosed(&progress, size: windows.size, by: record)
            }
        }
    }
}
