/// The treatment of an operator's late records: each is counted, and sent to a topic if the user named one.
///
/// All operators that drop late records share it. The topic gets the record as the operator got it, with its timestamp, and
/// with headers that say for what it was too late.
@usableFromInline
struct LateRecords<Key, Value> {
    @usableFromInline let context: any TaskContext
    /// The operator.
    @usableFromInline let name: String
    @usableFromInline let topic: LateTopic<Key, Value>?

    @usableFromInline
    init(context: any TaskContext, name: String, topic: LateTopic<Key, Value>?) {
        self.context = context
        self.name = name
        self.topic = topic
    }

    /// Counts a record that is too late for a window and sends it to the topic.
    @inlinable
    func drop(_ record: Record<Key, Value>, window: Window, _ progress: WindowProgress) throws {
        context.drop(.expired, at: name)
        try topic?.send(
            record, from: name, context, window: window, streamTimeMs: progress.streamTime.timestampMs,
            boundMs: Moment(ms: progress.lastClosedEndMs).next.ms)
    }
}

/// The topic to which an operator's late records go.
@usableFromInline
struct LateTopic<Key, Value> {
    @usableFromInline let output: any RecordOutput
    @usableFromInline let collector: RecordCollector<Key, Value>

    @usableFromInline
    init(output: any RecordOutput, collector: RecordCollector<Key, Value>) {
        self.output = output
        self.collector = collector
    }

    /// - Parameter boundMs: the lowest accepted end of the window or, without a window, the lowest accepted timestamp of the
    ///   record.
    @usableFromInline
    func send(
        _ record: Record<Key, Value>, from node: String, _ context: any TaskContext, window: Window?,
        streamTimeMs: Int64, boundMs: Int64
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
        if let source = context.recordMetadata {
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
        LateRecords(context: context, name: name, topic: try lateTopic(ofStore: store, key: key, value: value))
    }

    /// Returns the topic for this node's late records; `nil` if the user named none.
    @usableFromInline
    func lateTopic<Key, Value>(
        ofStore store: String, key: Serde<Key>, value: Serde<Value>?
    ) throws -> LateTopic<Key, Value>? {
        guard let topic = context.lateTopic(ofStore: store) else { return nil }
        return LateTopic(
            output: try context.output(to: .external(topic)),
            collector: RecordCollector(of: self, key: key, value: value ?? .missing))
    }
}
