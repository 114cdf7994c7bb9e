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
            return TypedReceiver<Key, Value> { record in
                guard let key = record.key else { return context.drop(.nullKey, at: name) }
                if record.value == nil, aggregation.dropsNullValues { return context.drop(.nullValue, at: name) }
                let streamTimeMs = progress.advance(to: record.timestampMs)
                let closeMs = streamTimeMs - windows.graceMs
                var failed = false
                try windows.forEachStart(at: record.timestampMs) { startMs in
                    if failed { return }
                    let window = windows.window(startingAt: startMs)
                    guard window.endMs > closeMs else {
                        return try late.drop(
                            record, window: window, streamTimeMs: streamTimeMs, boundMs: closeMs + 1)
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
                guard progress.oldestToEmit(closeMs: closeMs) != nil else { return }
                let last = closeMs - windows.sizeMs
                guard last >= 0 else { return }
                let emitted = progress.closed.timestampMs
                let first = emitted < 0 ? 0 : max(0, emitted - windows.sizeMs) + 1
                // Nothing has closed where the same windows hold both ends.
                if emitted >= 0, windows.starts(at: last) == windows.starts(at: first - 1) { return }
                if first <= last {
                    try table.emit(startingFrom: first, through: last, by: record) {
                        windows.window(startingAt: $0)
                    }
                }
                progress.closed.timestampMs = closeMs
                table.store.bytes.heldFromMs = max(0, closeMs - windows.sizeMs) + 1
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
