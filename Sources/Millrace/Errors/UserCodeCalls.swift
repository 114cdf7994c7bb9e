/// The calls of user code, with the handlers of its errors.
@usableFromInline
package protocol UserCodeCalls: AnyObject {
    /// Hands an error of user code to its handler. Returns if the handler decides to continue without the record.
    ///
    /// - Parameter record: the record, if it has not reached an operator yet.
    /// - Throws: the error that ends the task. Errors on which a handler has already decided pass unchanged, and so do
    ///   errors of the broker and of the stores, which no record causes.
    func failed(
        _ error: any Error, in work: UserWork, at node: String, reading record: UnsafePointer<RawRecord>?) throws
}

/// Calls of user code outside of operators, whose errors are caught here. `Forward` calls operators with records,
/// `SourceReader` the serdes of sources, `RecordCollector` those of sinks. Operators do not catch errors.
extension UserCodeCalls {
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
}

extension RecordOrigins where Self: UserCodeCalls {
    /// Calls user code on behalf of a record that was processed earlier and has waited. Its errors belong to that record;
    /// the record that is being processed continues.
    @inlinable
    func resume(_ metadata: RecordMetadata?, at node: String, _ body: () throws -> Void) throws {
        try withMetadata(metadata) { try attempt(at: node, body) }
    }
}
