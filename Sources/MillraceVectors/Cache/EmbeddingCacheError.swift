/// The reason why a cache has no answer.
public struct EmbeddingCacheError: Error, CustomStringConvertible {
    /// The kind of an error. More codes may be added, so match with a default case.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The source failed; ``EmbeddingCacheError/cause`` has its error.
        public static let sourceFailed = Code(rawValue: "source failed")
        /// The source answered with a vector that cannot be used: a wrong number of components, one that is not finite, a zero vector.
        public static let invalidVector = Code(rawValue: "invalid vector")
        /// The answer did not come in time.
        public static let timedOut = Code(rawValue: "timed out")
        /// Too many other keys wait to be loaded.
        public static let tooManyWaiting = Code(rawValue: "too many waiting")
        /// The cache has ended.
        public static let closed = Code(rawValue: "closed")
        /// The configuration contradicts itself, or a namespace has no search.
        public static let invalidConfiguration = Code(rawValue: "invalid configuration")
    }

    /// The kind of the error.
    public let code: Code
    /// One sentence for people.
    public let message: String
    /// The key that was asked for, if the error is of one.
    public let key: EmbeddingKey?
    /// The source's own error, if there is one.
    public let cause: (any Error)?

    init(_ code: Code, _ message: String, key: EmbeddingKey? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.key = key
        self.cause = cause
    }

    public var description: String { "\(code.rawValue): \(message)" + (key.map { " [key \($0)]" } ?? "") }
}
