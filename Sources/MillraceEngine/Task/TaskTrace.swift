import Millrace

/// The spans of a task's records, if the worker is traced.
final class TaskTrace {
    /// The number of spans that are remembered for changes that wait in a cache.
    private static let rememberedCount = 1_024

    private let port: any TracePort
    private let task: String
    /// The span of the record that is being processed; `nil` for a record that is not sampled.
    private(set) var span: (any RecordSpan)?
    /// The spans of records that were processed lately, by the records' origins.
    private var remembered: [RecordMetadata: any RecordSpan] = [:]
    private var rememberedOrder: [RecordMetadata] = []
    private var oldest = 0

    init(_ port: any TracePort, task: String) {
        self.port = port
        self.task = task
    }

    /// Processes a record within its span, if it is sampled.
    func process(_ record: RawRecord?, _ body: () throws -> Void) throws {
        guard let record, let span = port.begin(record, task: task) else { return try body() }
        remember(span, of: RecordMetadata(topic: record.topic, partition: record.partition, offset: record.offset))
        self.span = span
        defer {
            self.span = nil
            span.end()
        }
        do { try span.activate(body) } catch {
            span.fail(error)
            throw error
        }
    }

    /// Notes that a record has failed: the one that is being processed or, if it could not even be read, the given one.
    ///
    /// - Parameter body: handles the error; what it sends continues the record's trace.
    func failed(_ error: any Error, reading record: RawRecord?, _ body: () throws -> Void) throws {
        guard let record, span == nil else {
            span?.fail(error)
            return try body()
        }
        guard let span = port.begin(record, task: task) else { return try body() }
        self.span = span
        defer {
            self.span = nil
            span.end()
        }
        span.fail(error)
        try body()
    }

    /// Does something on behalf of a record that was processed earlier, within the trace of that record.
    func resume(_ metadata: RecordMetadata?, _ body: () throws -> Void) rethrows {
        let outer = span
        span = metadata.flatMap { remembered[$0] }
        defer { span = outer }
        try body()
    }

    private func remember(_ span: any RecordSpan, of record: RecordMetadata) {
        if remembered.updateValue(span, forKey: record) != nil { return }
        if rememberedOrder.count < Self.rememberedCount { return rememberedOrder.append(record) }
        remembered[rememberedOrder[oldest]] = nil
        rememberedOrder[oldest] = record
        oldest = (oldest + 1) % Self.rememberedCount
    }
}

/// A topic that a traced task writes to: records that are sent for a sampled record carry its context.
final class TracedOutput: RecordOutput {
    private let output: TaskOutput
    private let trace: TaskTrace

    init(_ output: TaskOutput, _ trace: TaskTrace) {
        self.output = output
        self.trace = trace
    }

    func send(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32?, timestampMs: Int64,
        headers: Headers
    ) throws {
        var headers = headers
        trace.span?.propagate(into: &headers)
        try output.send(key: key, value: value, partition: partition, timestampMs: timestampMs, headers: headers)
    }

    func partitionCount() throws -> Int32 { try output.partitionCount() }
}
