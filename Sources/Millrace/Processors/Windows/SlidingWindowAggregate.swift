extension ProcessorElement {
    /// Aggregates the records of each key and sliding window. A null key or value is dropped.
    ///
    /// Kafka: `KStreamSlidingWindowAggregate`.
    @inlinable
    static func slidingWindowAggregate<Key, Value, Aggregate>(
        at place: AggregationPlace<Key, Aggregate>, _ windows: SlidingWindows, emit: EmitStrategy,
        _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> ProcessorElement {
        ProcessorElement(at: place) { node in
            let table: WindowTableOutput<Key, Aggregate> = try node.windowTableOutput(
                at: place, emit: emit
            ) { windows.window(startingAt: $0) }
            let update = SlidingWindowUpdate(
                windows: windows, table: table, aggregation: aggregation,
                late: try node.lateRecords(ofStore: place.storeName, key: place.key, value: aggregation.input))
            var progress = WindowProgress(of: node, storeName: place.storeName, emit: emit)
            let (context, name) = (node.context, node.name)
            return TypedReceiver<Key, Value>(at: node) { record in
                guard let key = record.key, record.value != nil else { return context.drop(.nullKeyOrValue, at: name) }
                let close = Moment(ms: progress.advance(to: record.timestampMs)) - windows.grace
                let closeMs = close.ms
                guard Moment(ms: record.timestampMs) + windows.difference >= close else {
                    return try update.dropLate(
                        record, window: windows.window(startingAt: record.timestampMs), closeMs: closeMs)
                }
                // A window cannot begin before time does: Kafka takes the records up to then together in the first window,
                // and looks for closed windows only after that.
                let isEarly = record.timestampMs < windows.differenceMs
                do {
                    if isEarly {
                        try update.addEarly(record, key, closeMs: closeMs)
                    } else {
                        try update.add(record, key, closeMs: closeMs)
                    }
                } catch let error as FailedAggregation {
                    return try context.processingFailed(error.cause, at: name)
                }
                let kept = TimeSpan(ms: table.store.bytes.retentionMs)
                let unexpiredMs = (Moment(ms: table.store.bytes.streamTimeMs) - kept).ms
                guard !isEarly, let oldest = progress.oldestToEmit(closeMs: closeMs, unexpiredMs: unexpiredMs) else {
                    return
                }
                let last = (close - windows.difference).previous.ms
                guard last >= 0 else { return }
                let emitted = progress.closed.timestampMs
                let first = emitted < 0 ? 0 : (Moment(ms: emitted) - windows.difference).notBeforeEpoch.ms
                if max(first, oldest) <= last {
                    try table.emit(startingFrom: max(first, oldest), through: last, by: record) {
                        windows.window(startingAt: $0)
                    }
                }
                progress.closed.timestampMs = closeMs
                table.store.bytes.heldFromMs = (close - windows.difference).notBeforeEpoch.ms
            }
        }
    }
}

/// A closure of the topology threw while windows were updated. Unlike a failing store, that is for the processing handler.
@usableFromInline
struct FailedAggregation: Error {
    @usableFromInline let cause: any Error

    @usableFromInline
    init(_ cause: any Error) { self.cause = cause }
}

extension SlidingWindows {
    @inlinable
    package func window(startingAt startMs: Int64) -> Window { Window(startMs: startMs, sizeMs: differenceMs) }
}

/// Puts a record into the sliding windows that hold it, and makes those that begin or end with it or follow from it.
///
/// A record's left window ends with it. Its right window begins right behind it, and is made when there is something in it.
@usableFromInline
struct SlidingWindowUpdate<Key, Value, Aggregate> {
    @usableFromInline typealias Stored = ValueAndTimestamp<Aggregate>

    @usableFromInline let windows: SlidingWindows
    @usableFromInline let table: WindowTableOutput<Key, Aggregate>
    @usableFromInline let aggregation: Aggregation<Key, Value, Aggregate>
    @usableFromInline let late: LateRecords<Key, Value>

    @usableFromInline
    init(
        windows: SlidingWindows, table: WindowTableOutput<Key, Aggregate>,
        aggregation: Aggregation<Key, Value, Aggregate>, late: LateRecords<Key, Value>
    ) {
        self.windows = windows
        self.table = table
        self.aggregation = aggregation
        self.late = late
    }

    /// Drops a record for a window that has closed.
    @inlinable
    func dropLate(_ record: Record<Key, Value>, window: Window, closeMs: Int64) throws {
        let streamTime = Moment(ms: closeMs) + windows.grace
        try late.drop(record, window: window, streamTimeMs: streamTime.ms, boundMs: closeMs)
    }

    /// Adds a record that comes late enough for its left window to begin at or after the beginning of time.
    @inlinable
    func add(_ record: Record<Key, Value>, _ key: Key, closeMs: Int64) throws {
        let timestampMs = record.timestampMs
        let moment = Moment(ms: timestampMs)
        let leftStartMs = (moment - windows.difference).ms
        // One more than the record's own time, to catch its right window with the same look.
        let found = try table.store.fetch(
            key, starting: (moment - windows.difference - windows.difference).ms...moment.next.ms)
        var previousMs: Int64?
        var left: Stored?
        var right: Stored?
        var hasLeft = false
        var hasRight = false
        for (startMs, stored) in found.reversed() {
            if startMs > timestampMs {
                hasRight = true
            } else if startMs > leftStartMs {
                if right == nil { right = stored }
                try aggregate(record, key, startMs, stored, closeMs: closeMs)
            } else if startMs == leftStartMs {
                hasLeft = true
                try aggregate(record, key, startMs, stored, closeMs: closeMs)
                // With another record at this very time all windows around it exist.
                if stored.timestampMs >= timestampMs { return }
                previousMs = stored.timestampMs
            } else {
                left = stored
                previousMs = stored.timestampMs
                break
            }
        }
        if let previousMs {
            let nextMs = Moment(ms: previousMs).next.ms
            if nextMs >= leftStartMs, !found.contains(where: { $0.startMs == nextMs }) {
                try aggregateInitial(record, key, nextMs, closeMs: closeMs)
            }
        }
        if !hasLeft {
            if let previousMs, let left, leftStartMs <= previousMs {
                let start = Stored(value: left.value, timestampMs: timestampMs)
                try aggregate(record, key, leftStartMs, start, closeMs: closeMs)
            } else {
                try aggregateInitial(record, key, leftStartMs, closeMs: closeMs)
            }
        }
        if !hasRight { try makeRightWindow(of: record, key, right) }
    }

    /// Adds a record whose left window would begin before time does: the first window, from 0 on, stands for it.
    @inlinable
    func addEarly(_ record: Record<Key, Value>, _ key: Key, closeMs: Int64) throws {
        let timestampMs = record.timestampMs
        let found = try table.store.fetch(key, starting: 0...Moment(ms: timestampMs).next.ms)
        var first: Stored?
        var previousMs: Int64?
        var right: Stored?
        var hasRight = false
        for (startMs, stored) in found {
            if startMs == 0 {
                first = stored
                if stored.timestampMs < timestampMs { previousMs = stored.timestampMs }
            } else if startMs <= timestampMs {
                right = stored
                try aggregate(record, key, startMs, stored, closeMs: closeMs)
            } else {
                hasRight = true
            }
        }
        if right == nil, let first, first.timestampMs > timestampMs { right = first }
        if !hasRight { try makeRightWindow(of: record, key, right) }
        if let previousMs {
            let nextMs = Moment(ms: previousMs).next.ms
            if !found.contains(where: { $0.startMs == nextMs }) {
                try aggregateInitial(record, key, nextMs, closeMs: closeMs)
            }
        }
        if let first {
            try aggregate(record, key, 0, first, closeMs: closeMs)
        } else {
            try aggregateInitial(record, key, 0, closeMs: closeMs)
        }
    }

    /// What lies in the record's right window is what a window around it holds besides it.
    @inlinable
    func makeRightWindow(of record: Record<Key, Value>, _ key: Key, _ content: Stored?) throws {
        guard let content, content.timestampMs > record.timestampMs else { return }
        try table.set(
            key, windows.window(startingAt: Moment(ms: record.timestampMs).next.ms), to: content.value, from: nil,
            timestampMs: content.timestampMs, by: record)
    }

    @inlinable
    func aggregateInitial(_ record: Record<Key, Value>, _ key: Key, _ startMs: Int64, closeMs: Int64) throws {
        try aggregate(record, key, startMs, nil, closeMs: closeMs)
    }

    @inlinable
    func aggregate(
        _ record: Record<Key, Value>, _ key: Key, _ startMs: Int64, _ stored: Stored?, closeMs: Int64
    ) throws {
        let window = windows.window(startingAt: startMs)
        guard window.endMs >= closeMs else { return try dropLate(record, window: window, closeMs: closeMs) }
        let old: Aggregate?
        let new: Aggregate?
        do {
            old = try stored?.value ?? aggregation.initial()
            new = try aggregation.add(record, old)
        } catch {
            throw FailedAggregation(error)
        }
        let timestampMs = max(record.timestampMs, stored?.timestampMs ?? record.timestampMs)
        try table.set(key, window, to: new, from: old, timestampMs: timestampMs, by: record)
    }
}
