/// The value of an attribute of an entry.
///
/// Texts are equal if their UTF-8 bytes are, and are ordered by them. The two zeros are one number. A number that is not a number (NaN)
/// is no value: an entry with it has no such attribute, and a comparison with it fits no entry.
public enum AttributeValue: Sendable, Hashable {
    /// A text, compared by its UTF-8 bytes.
    case text(String)
    /// A number.
    case number(Double)
    /// A truth value. Flags have no order.
    case flag(Bool)

    /// The kind of the value.
    public var kind: AttributeKind {
        switch self {
        case .text: .text
        case .number: .number
        case .flag: .flag
        }
    }
}

/// The kind of an attribute's values.
public enum AttributeKind: String, Sendable, Hashable, CaseIterable {
    /// Texts.
    case text
    /// Numbers.
    case number
    /// Truth values.
    case flag
}
