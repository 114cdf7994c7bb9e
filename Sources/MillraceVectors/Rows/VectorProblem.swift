/// The reason why a vector, a query or the sections of a graph are refused.
public struct VectorProblem: Error, Hashable, CustomStringConvertible {
    /// The kind of a problem. More codes may be added, so match with a default case.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A vector has another number of components than the index.
        public static let wrongDimensions = Code(rawValue: "wrong dimensions")
        /// A component is infinite or not a number.
        public static let notFinite = Code(rawValue: "not finite")
        /// All components are zero, and the metric needs a direction.
        public static let zeroVector = Code(rawValue: "zero vector")
        /// A component or the vector's length is too large: its distances would overflow.
        public static let tooLarge = Code(rawValue: "too large")
        /// The format or a parameter is outside its range, or two things do not fit together.
        public static let invalidFormat = Code(rawValue: "invalid format")
        /// A filter names an attribute that the index does not have, compares it with a value of another kind, or is nested too deeply.
        public static let invalidFilter = Code(rawValue: "invalid filter")
        /// Sections that were read from elsewhere contradict themselves.
        public static let damaged = Code(rawValue: "damaged")
        /// A row is not there, is there already, or one more does not fit.
        public static let invalidRow = Code(rawValue: "invalid row")
        /// A value cannot be read, or has no vector.
        public static let unreadable = Code(rawValue: "unreadable")
        /// The system has no memory left.
        public static let outOfMemory = Code(rawValue: "out of memory")
    }

    /// The kind of the problem.
    public let code: Code
    /// One sentence for people.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.rawValue): \(message)" }
}
