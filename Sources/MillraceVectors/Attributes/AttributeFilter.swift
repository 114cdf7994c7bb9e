/// A condition on the attributes of entries: a search returns only entries that fit it.
///
/// ```swift
/// let open: AttributeFilter = .all([
///     .equals("isOpen", .flag(true)), .oneOf("city", [.text("Berlin"), .text("Bonn")]),
/// ])
/// let found = try cases.search(near: embedding, count: 10, matching: open)
/// ```
///
/// An entry without an attribute fits `notEquals` and `noneOf` of it, and no other comparison. A filter that names an attribute that the
/// index does not have, or compares it with a value of another kind, is refused; so is one that orders flags.
public indirect enum AttributeFilter: Sendable, Hashable {
    /// The attribute has this value.
    case equals(String, AttributeValue)
    /// The attribute has another value, or none.
    case notEquals(String, AttributeValue)
    /// The attribute has one of these values.
    case oneOf(String, [AttributeValue])
    /// The attribute has none of these values.
    case noneOf(String, [AttributeValue])
    /// The attribute is a smaller number, or a text that is ordered before this one.
    case lessThan(String, AttributeValue)
    /// The attribute is this value or less.
    case atMost(String, AttributeValue)
    /// The attribute is a larger number, or a text that is ordered after this one.
    case moreThan(String, AttributeValue)
    /// The attribute is this value or more.
    case atLeast(String, AttributeValue)
    /// All of the filters fit; an empty list fits every entry.
    case all([AttributeFilter])
    /// At least one of the filters fits; an empty list fits no entry.
    case any([AttributeFilter])
}
