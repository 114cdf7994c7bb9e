/// A password, a key or a token. It is never part of a description, a log or a message.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret itself.
    public let value: String

    /// Makes a secret.
    ///
    /// - Parameter value: the secret itself.
    public init(_ value: String) { self.value = value }

    /// The word `hidden`.
    public var description: String { "hidden" }

    /// The word `hidden`.
    public var debugDescription: String { "hidden" }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
