extension ProcessorElement {
    /// Aggregates the records of each key and sliding window. A null key or value is dropped.
    ///
    /// Kafka: `KStreamSlidingWindowAggregate`.
    @inlinable
    static func slidingWindowAggregate<Key, Value, Aggregate>(
        for target: AggregationTarget<Key, Aggregate>, _ windows: SlidingWindows, emit: EmitStrategy,
        _ aggregation: Aggregation<Key, Value, Aggregate>
    ) -> ProcessorElement {
        ProcessorElement(for: target, keeping: target.keptTimes(emit)) { node in
            let table: WindowTableOutput<Key, Aggregate> = try node.windowTableOutput(
                for: target, emit: emit
            ) { windows.window(startingAt: $0) }
            let losesExpired = target.compatibility == .kafkaStreams
            let update = SlidingWindowUpdate(
                windows: windows, table: table, aggregation: aggregation, remembersClosed: !losesExpired,
                late: try node.lateRecords(ofStore: target.storeName, key: target.key, value: aggregation.input))
            var progress = WindowProgress(of: node, for: target, emit: emit, closing: windows.closing)
            let (drops, userCode, name) = (node.drops, node.userCode, node.name)
            return TypedReceiver<Key, Value>(
                at: node, silence: emit == .onWindowClose ? { _ in .windowOpen } : nil
            ) { record in
                guard let key = record.key, record.value != nil else { return drops.drop(.nullKeyOrValue, at: name) }
                progress.advance(to: record.timestampMs)
                // A window cannot begin before the epoch: Kafka puts all records up to then into the first window.
                let isEarly = record.timestampMs < windows.differenceMs
                let latest = windows.window(startingAt: record.timestampMs)
                if progress.isClosed(latest) {
                    try update.late.drop(record, window: latest, progress)
                    if losesExpired { return }
                } else {
                    try userCode.attempt(at: name) {
                        table.prepared.removeAll()
                        if isEarly {
                            try update.addEarly(record, key, progress)
                        } else {
                            try update.add(record, key, progress)
                        }
                        try table.makeChanges(of: key, by: record)
                    }
                }
                var unexpiredMs: Int64 = 0
                if losesExpired {
                    // Kafka looks for closed windows only after such a record.
                    if isEarly { return }
                    let kept = TimeSpan(ms: table.store.bytes.retentionMs)
                    unexpiredMs = (Moment(ms: table.store.bytes.streamTimeMs) - kept).ms
                }
                try table.emitClosed(&progress, size: windows.difference, unexpiredMs: unexpiredMs, by: record)
            }
        }
    }
}

extension SlidingWindows {
    @inlinable
    package func window(startingAt startMs: Int64) -> Window { Window(startMs: startMs, sizeMs: differenceMs) }
}

/// Puts a record into the sliding windows that contain it, and makes those that begin or end with it or follow from it.
///
/// A record's left window ends with it. Its right window begins right after it, and is made once it contains a record.
@usableFromInline
struct SlidingWindowUpdate<Key, Value, Aggregate> {
    @usableFromInline typealias Stored = ValueAndTimestamp<Aggregate>

    @usableFromInline let windows: SlidingWindows
    @usableFromInline let table: WindowTableOutput<Key, Aggregate>
    @usableFromInline let aggregation: Aggregation<Key, Value, Aggregate>
    /// Whether a window remembers a record that is too late for it, for the sake of windows that are made after it.
    @usableFromInline let remembersClosed: Bool
    @usableFromInline let late: LateRecords<Key, Value>

    @usableFromInline
    init(
        windows: SlidingWindows, table: WindowTableOutput<Key, Aggregate>,
        aggregation: Aggregation<Key, Value, Aggregate>, remembersClosed: Bool, late: LateRecords<Key, Value>
    ) {
        self.windows = windows
        self.table = table
        self.aggregation = aggregation
        self.remembersClosed = remembersClosed
        self.late = late
    }

    /// Adds a record whose left window begins at or after the epoch.
    @inlinable
    func add(_ record: Record<Key, Value>, _ key: Key, _ progress: WindowProgress) throws {
        let timestampMs = record.timestampMs
        let moment = Moment(ms: timestampMs)
        let leftStartMs = (moment - windows.difference).ms
        // One more than the record's own time, so that the same look-up finds its right window.
        let found = try table.store.fetchKnown(
            key, starting: (moment - windows.difference - windows.difference).ms...moment.next.ms)
        var previousMs: Int64?
        var left: Stored?
        var right: Stored?
        var hasLeft = false
        var hasRight = false
        for known in found.reversed() {
            let (startMs, stored) = (known.startMs, known.value)
            if startMs > timestampMs {
                hasRight = true
            } else if startMs > leftStartMs {
                if right == nil { right = stored }
                try aggregate(record, known, progress)
            } else if startMs == leftStartMs {
                hasLeft = true
                try aggregate(record, known, progress)
                // If there is another record at this very time, all windows around it exist.
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
                try aggregate(record, startMs: nextMs, nil, progress)
            }
        }
        if !hasLeft {
            if let previousMs, let left, leftStartMs <= previousMs {
                let start = Stored(value: left.value, timestampMs: timestampMs)
                try aggregate(record, startMs: leftStartMs, start, progress)
            } else {
                try aggregate(record, startMs: leftStartMs, nil, progress)
            }
        }
        if !hasRight { try makeRightWindow(of: record, right) }
    }

    /// Adds a record whose left window would begin before the epoch: the first window, from 0 on, replaces it.
    @inlinable
    func addEarly(_ record: Record<Key, Value>, _ key: Key, _ progress: WindowProgress) throws {
        let timestampMs = record.timestampMs
        let found = try table.store.fetchKnown(key, starting: 0...Moment(ms: timestampMs).next.ms)
        var first: KnownWindow<Stored>?
        var previousMs: Int64?
        var right: Stored?
        var hasRight = false
        for known in found {
            let (startMs, stored) = (known.startMs, known.value)
            if startMs == 0 {
                first = known
                if stored.timestampMs < timestampMs { previousMs = stored.timestampMs }
            } else if startMs <= timestampMs {
                right = stored
                try aggregate(record, known, progress)
            } else {
                hasRight = true
            }
        }
        if right == nil, let first, first.value.timestampMs > timestampMs { right = first.value }
        if !hasRight { try makeRightWindow(of: record, right) }
        if let previousMs {
            let nextMs = Moment(ms: previousMs).next.ms
            if !found.contains(where: { $0.startMs == nextMs }) {
                try aggregate(record, startMs: nextMs, nil, progress)
            }
        }
        if let first {
            try aggregate(record, first, progress)
        } else {
            try aggregate(record, startMs: 0, nil, progress)
        }
    }

    /// The contents of the record's right window are those of a window around it, without the record.
    @inlinable
    func makeRightWindow(of record: Record<Key, Value>, _ content: Stored?) throws {
        guard let content, content.timestampMs > record.timestampMs else { return }
        try table.prepare(
            windows.window(startingAt: Moment(ms: record.timestampMs).next.ms), to: content.value, from: nil,
            timestampMs: content.timestampMs)
    }

    /// Puts the record into an existing window.
    @inlinable
    func aggregate(
        _ record: Record<Key, Value>, _ known: KnownWindow<Stored>, _ progress: WindowProgress
    ) throws {
        try aggregate(record, startMs: known.startMs, known.value, isVisible: known.isVisible, progress)
    }

    /// Puts the record into a window.
    ///
    /// - Parameters:
    ///   - stored: the window's contents; `nil` for a new one.
    ///   - isVisible: whether a record that is too late for the window is counted.
    @inlinable
    func aggregate(
        _ record: Record<Key, Value>, startMs: Int64, _ stored: Stored?, isVisible: Bool = true,
        _ progress: WindowProgress
    ) throws {
        let window = windows.window(startingAt: startMs)
        let isClosed = progress.isClosed(window)
        if isClosed {
            if isVisible { try late.drop(record, window: window, progress) }
            if !remembersClosed { return }
        }
        let old = try stored?.value ?? aggregation.initial()
        let new = try aggregation.add(record, old)
        let timestampMs = max(record.timestampMs, stored?.timestampMs ?? record.timestampMs)
        try table.prepare(window, to: new, from: old, timestampMs: timestampMs, isRemembered: isClosed)
    }
}
