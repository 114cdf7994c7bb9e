/// Calls of user code outside of operators, whose errors are caught here. `Forward` calls operators with records,
/// `SourceReader` the serdes of sources, `RecordCollector` those of sinks. Operators do not catch errors.
extension TaskContext {
    /// Calls user code on behalf of a node. An error goes to the processing handler; if that continues, so does the caller.
    @inlinable
    func attempt(at node: String, _ body: () throws -> Void) throws {
        do { try body() } catch { try failed(error, in: .processing, at: node, reading: nil) }
    }

    /// Does the same with another handler.
    ///
    /// - Returns: `nil` if the handler continues without the record.
    @inlinable
    @discardableResult
    func attempt<Result>(_ work: UserWork, at node: String, _ body: () throws -> Result) throws -> Result? {
        do { return try body() } catch {
            try failed(error, in: work, at: node, reading: nil)
            return nil
        }
    }

    /// Calls user code on behalf of a record that was processed earlier and has waited. Its errors belong to that record;
    /// the record that is being processed continues.
    @inlinable
    func resume(_ metadata: RecordMetadata?, at node: String, _ body: () throws -> Void) throws {
        try withMetadata(metadata) { try attempt(at: node, body) }
    }
}
