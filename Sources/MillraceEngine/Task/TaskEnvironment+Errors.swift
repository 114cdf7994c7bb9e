import Logging
import Millrace

/// The handling of errors of user code: its handler is asked, and its decision is carried out. This is the only place for it.
extension TaskEnvironment {
    func failed(
        _ cause: any Error, in work: UserWork, at node: String, reading record: UnsafePointer<RawRecord>?
    ) throws {
        // An error of a broker or a store is not the record's fault: the worker handles it.
        if let cause = cause as? PortError, cause.kind != .rejected { throw cause }
        let isUnread = record != nil
        let record = record?.pointee ?? current?.current
        var error = StreamsError(work.code, work.failure, underlying: cause)
        if let cause = cause as? StreamsError {
            if cause.isDecided || cause.code.isOfTheEngine { throw located(cause, at: node, record) }
            // Its message names the alternatives and needs no addition.
            if cause.code == .invalidTimestamp { error = StreamsError(cause.code, cause.message) }
        }
        error = located(error, at: node, record)
        error.isDecided = true
        guard let trace else { return try decide(error, in: work, at: node, record) }
        try trace.failed(error, reading: isUnread ? record : nil) { try decide(error, in: work, at: node, record) }
    }

    /// Asks the handler of an error, and does as it says.
    private func decide(_ error: StreamsError, in work: UserWork, at node: String, _ record: RawRecord?) throws {
        let context = ErrorContext(error: error, key: record?.key.map(Array.init), value: record?.value.map(Array.init))
        let response = handlers.handler(of: work)(context)
        observer?.failed(error, at: node, origin: error.record, response: response)
        switch response {
        case .fail: throw error
        case .continue: logger.warning("skipped a record: \(error)")
        case .deadLetter(let topic):
            try writeDeadLetter(to: topic, context, record)
            counts.deadLetter(work.reason, at: node)
            logger.warning("sent a record to \(topic): \(error)")
        }
        counts.drop(work.reason, at: node)
    }

    /// Runs the start of a node's user code.
    ///
    /// - Throws: `StreamsError` with code `.processing` and the node's name if that code throws.
    func start(_ node: String, _ body: () throws -> Void) throws {
        do { try body() } catch {
            if let error = error as? StreamsError, error.node != nil { throw error }
            var failure = located(
                StreamsError(.processing, "the processor could not be made", underlying: error), at: node, nil)
            failure.isDecided = true
            throw failure
        }
    }

    /// Returns the error, with the node and the record added if they are missing.
    private func located(_ error: StreamsError, at node: String, _ record: RawRecord?) -> StreamsError {
        var error = error
        if error.node == nil { error.node = node }
        if error.stores.isEmpty, error.node == node { error.stores = storesOfNodes[node] ?? [] }
        if error.record == nil {
            error.record =
                record.map { RecordMetadata(topic: $0.topic, partition: $0.partition, offset: $0.offset) } ?? resumed
        }
        if error.task == nil { error.task = id.description }
        return error
    }

    /// Writes the unchanged source record to the dead-letter topic, with headers that describe the error (KIP-1034).
    private func writeDeadLetter(to topic: String, _ context: ErrorContext, _ record: RawRecord?) throws {
        let cause = context.error.underlying ?? context.error
        var headers = record?.headers ?? Headers()
        headers.append(.exception, String(reflecting: type(of: cause)))
        headers.append(.message, context.error.description)
        headers.append(.stacktrace, String(reflecting: cause))
        if let metadata = context.error.record {
            headers.append(.topic, metadata.topic)
            headers.append(.partition, String(metadata.partition))
            headers.append(.offset, String(metadata.offset))
        }
        do {
            try chosenOutput(toTopic: topic).send(
                key: record?.key, value: record?.value, partition: nil, timestampMs: max(0, record?.timestampMs ?? 0),
                headers: headers)
        } catch let refusal as PortError where refusal.kind == .rejected {
            var error = context.error
            error.message += "; and the topic of dead letters, \(topic), does not take it (\(refusal))"
            throw error
        }
    }
}

extension StreamsError.Code {
    /// Whether the error comes from the engine's surroundings rather than from a record or a closure.
    fileprivate var isOfTheEngine: Bool {
        [.stateStore, .locked, .broker, .fenced, .illegalState, .invalidTopology, .bufferFull].contains(self)
    }
}
