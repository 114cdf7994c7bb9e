/// Where user code is called outside of operators, and so what it throws is caught. `Forward` calls operators with records,
/// `SourceReader` the serdes of sources, `RecordCollector` those of sinks. No operator catches.
extension TaskContext {
    /// Calls user code on behalf of a node. An error goes to the processing handler, and where that goes on, so does the caller.
    @inlinable
    func attempt(at node: String, _ body: () throws -> Void) throws {
        do { try body() } catch { try failed(error, in: .processing, at: node, reading: nil) }
    }

    /// The same with another handler.
    ///
    /// - Returns: `nil` where the handler goes on without the record.
    @inlinable
    @discardableResult
    func attempt<Result>(_ work: UserWork, at node: String, _ body: () throws -> Result) throws -> Result? {
        do { return try body() } catch {
            try failed(error, in: work, at: node, reading: nil)
            return nil
        }
    }

    /// Calls user code on behalf of a record that was processed before and has waited. Its errors are those of that record: the
    /// one that is being processed goes on.
    @inlinable
    func resume(_ metadata: RecordMetadata?, at node: String, _ body: () throws -> Void) throws {
        try withMetadata(metadata) { try attempt(at: node, body) }
    }
}
