extension ProcessorElement {
    /// Aggregates the records of each key and time window. A null key is dropped. Kafka: `KStreamWindowAggregate`.
    @inlinable
    static func windowAggregate<Key, Value, Aggregate>(
        at place: AggregationPlace<Key, Aggregate>, _ windows: TimeWindows, emit: EmitStrategy,
        _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> ProcessorElement {
        ProcessorElement(at: place) { node in
            let table: WindowTableOutput<Key, Aggregate> = try node.windowTableOutput(
                at: place, emit: emit
            ) { windows.window(startingAt: $0) }
            var progress = WindowProgress(of: node, storeName: place.storeName, emit: emit)
            let (context, name) = (node.context, node.name)
            let late = try node.lateRecords(ofStore: place.storeName, key: place.key, value: aggregation.input)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key else { return context.drop(.nullKey, at: name) }
                if record.value == nil, aggregation.dropsNullValues { return context.drop(.nullValue, at: name) }
                let streamTimeMs = progress.advance(to: record.timestampMs)
                let close = progress.closeTime(grace: windows.grace)
                var failed = false
                try windows.forEachStart(at: record.timestampMs) { startMs in
                    if failed { return }
                    let window = windows.window(startingAt: startMs)
                    guard window.endMs > close.ms else {
                        return try late.drop(
                            record, window: window, streamTimeMs: streamTimeMs, boundMs: close.next.ms)
                    }
                    let stored = try table.store.fetch(key, startMs: startMs)
                    let old: Aggregate?
                    let new: Aggregate?
                    do {
                        old = try stored?.value ?? aggregation.initial()
                        new = try aggregation.add(record, old)
                    } catch {
                        failed = true
                        return try context.processingFailed(error, at: name)
                    }
                    let timestampMs = max(record.timestampMs, stored?.timestampMs ?? record.timestampMs)
                    try table.set(key, window, to: new, from: old, timestampMs: timestampMs, by: record)
                }
                guard progress.oldestToEmit(closeMs: close.ms) != nil else { return }
                let last = (close - windows.size).ms
                guard last >= 0 else { return }
                let emitted = progress.closed.timestampMs
                let first = emitted < 0 ? 0 : (Moment(ms: emitted) - windows.size).notBeforeEpoch.next.ms
                // Nothing has closed where the same windows hold both ends.
                if emitted >= 0, windows.starts(at: last) == windows.starts(at: Moment(ms: first).previous.ms) {
                    return
                }
                if first <= last {
                    try table.emit(startingFrom: first, through: last, by: record) {
                        windows.window(startingAt: $0)
                    }
                }
                progress.closed.timestampMs = close.ms
                table.store.bytes.heldFromMs = (close - windows.size).notBeforeEpoch.next.ms
            }
        }
    }
}

extension TimeWindows {
    @usableFromInline
    func starts(at timestampMs: Int64) -> [Int64] {
        var starts: [Int64] = []
        forEachStart(at: timestampMs) { starts.append($0) }
        return starts
    }
}
