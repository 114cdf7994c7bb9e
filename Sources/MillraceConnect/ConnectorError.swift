/// A failure of a source or a sink.
public struct ConnectorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The consequence of a failure.
    public enum Kind: Sendable, Hashable {
        /// The system is away, or another reader still has the part: the same may succeed later.
        case temporary
        /// Nothing but a change of the configuration or of the system helps.
        case permanent
    }

    /// The consequence of the failure.
    public var kind: Kind
    /// A sentence that says what is wrong and what to do.
    public var message: String

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - kind: the consequence of the failure.
    ///   - message: a sentence that says what is wrong and what to do.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
