/// The treatment of an operator's late records: each is counted, and sent to a topic if the user named one.
///
/// All operators that drop late records share it. The topic gets the record as the operator got it, with its timestamp, and
/// with headers that say for what it was too late.
@usableFromInline
struct LateRecords<Key, Value> {
    @usableFromInline let drops: any DropCounter
    /// The operator.
    @usableFromInline let name: String
    @usableFromInline let topic: LateTopic<Key, Value>?

    @usableFromInline
    init(drops: any DropCounter, name: String, topic: LateTopic<Key, Value>?) {
        self.drops = drops
        self.name = name
        self.topic = topic
    }

    /// Counts a record that is too late for a window and sends it to the topic.
    @inlinable
    func drop(_ record: Record<Key, Value>, window: Window, _ progress: WindowProgress) throws {
        drops.drop(
            late: Lateness(
                window, streamTimeMs: progress.streamTime.timestampMs, lastClosedEndMs: progress.lastClosedEndMs),
            at: name)
        try topic?.send(
            record, from: name, window: window, streamTimeMs: progress.streamTime.timestampMs,
            boundMs: Moment(ms: progress.lastClosedEndMs).next.ms)
    }
}

/// The topic to which an operator's late records go.
@usableFromInline
struct LateTopic<Key, Value> {
    @usableFromInline let output: any RecordOutput
    @usableFromInline let collector: RecordCollector<Key, Value>
    @usableFromInline let origins: any RecordOrigins

    @usableFromInline
    init(output: any RecordOutput, collector: RecordCollector<Key, Value>, origins: any RecordOrigins) {
        self.output = output
        self.collector = collector
        self.origins = origins
    }

    /// - Parameter boundMs: the lowest accepted end of the window or, without a window, the lowest accepted timestamp of the
    ///   record.
    @usableFromInline
    func send(
        _ record: Record<Key, Value>, from node: String, window: Window?, streamTimeMs: Int64, boundMs: Int64
    ) throws {
        var record = record
        record.headers.append(late: "operator", node)
        record.headers.append(late: "reason", DropReason.expired.rawValue)
        record.headers.append(late: "stream.time", String(streamTimeMs))
        record.headers.append(late: "bound", String(boundMs))
        if let window {
            record.headers.append(late: "window.start", String(window.startMs))
            record.headers.append(late: "window.end", String(window.endMs))
        }
        if let source = origins.recordMetadata {
            record.headers.append(late: "topic", source.topic)
            record.headers.append(late: "partition", String(source.partition))
            record.headers.append(late: "offset", String(source.offset))
        }
        try collector.send(record, to: output)
    }
}

extension Headers {
    fileprivate mutating func append(late name: String, _ text: String) {
        append(name: "__streams.late.\(name)", text: text)
    }
}

extension NodeInstance {
    /// Returns this node's treatment of late records, as the user has configured it for a store.
    ///
    /// - Parameter value: the serde of the values that the node gets; `nil` if none was needed because no topic was named.
    @usableFromInline
    func lateRecords<Key, Value>(
        ofStore store: String, key: Serde<Key>, value: Serde<Value>?
    ) throws -> LateRecords<Key, Value> {
        LateRecords(drops: drops, name: name, topic: try lateTopic(ofStore: store, key: key, value: value))
    }

    /// Returns the topic for this node's late records; `nil` if the user named none.
    @usableFromInline
    func lateTopic<Key, Value>(
        ofStore store: String, key: Serde<Key>, value: Serde<Value>?
    ) throws -> LateTopic<Key, Value>? {
        guard let topic = topics.lateTopic(ofStore: store) else { return nil }
        return LateTopic(
            output: try topics.output(to: .external(topic)),
            collector: RecordCollector(of: self, key: key, value: value ?? .missing),
            origins: origins)
    }
}
