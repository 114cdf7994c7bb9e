/// A reason why an operation could not be done, in one sentence for the person who asked for it.
package struct OperationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of reasons, which decide a command's exit status.
    package enum Kind: Sendable, Hashable, CaseIterable {
        /// The request makes no sense.
        case usage
        /// Something that was named does not exist: a topic, a dead letter, a partition.
        case missing
        /// No broker can be reached.
        case unreachable
        /// It is refused for now, because of something that is going on.
        case busy
        /// The broker does not accept who asks, or does not allow it.
        case denied
        /// Anything else.
        case failed
    }

    package var kind: Kind
    package var description: String
    /// A name in snake case for programs, which stays the same from version to version.
    package var code: String

    /// - Parameter code: the name for programs; by default that of the kind.
    package init(_ kind: Kind, _ sentence: String, code: String? = nil) {
        self.kind = kind
        description = sentence
        self.code = code ?? "\(kind)"
    }
}
