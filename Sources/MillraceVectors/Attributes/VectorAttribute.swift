/// A property of a value by which searches are filtered without reading the value.
///
/// ```swift
/// let similarCases = VectorIndex<String, Case>(
///     "similar-cases", of: \.embedding, dimensions: 384,
///     attributes: [.text("city", \.city), .flag("isOpen", \.isOpen)])
/// ```
///
/// The index keeps the attributes beside the vectors. A property that is `nil` is missing: see ``AttributeFilter``.
public struct VectorAttribute<Value>: Sendable {
    /// The name by which filters refer to the attribute; no other attribute of the index has it.
    public let name: String
    /// The kind of its values.
    public let kind: AttributeKind
    private let property: @Sendable (Value) throws -> AttributeValue?

    /// Declares a text.
    ///
    /// - Parameters:
    ///   - name: the name in filters; not empty.
    ///   - property: returns the text of a value, `nil` if it has none. A value for which it throws goes to the processing handler.
    public static func text(
        _ name: String, _ property: @escaping @Sendable (Value) throws -> String?
    ) -> VectorAttribute {
        VectorAttribute(name: name, kind: .text) { try property($0).map(AttributeValue.text) }
    }

    /// Declares a number. Whole numbers are exact up to 2^53.
    ///
    /// - Parameters:
    ///   - name: the name in filters; not empty.
    ///   - property: returns the number of a value, `nil` if it has none. A value for which it throws goes to the processing handler.
    public static func number(
        _ name: String, _ property: @escaping @Sendable (Value) throws -> Double?
    ) -> VectorAttribute {
        VectorAttribute(name: name, kind: .number) { try property($0).map(AttributeValue.number) }
    }

    /// Declares a flag.
    ///
    /// - Parameters:
    ///   - name: the name in filters; not empty.
    ///   - property: returns the flag of a value, `nil` if it has none. A value for which it throws goes to the processing handler.
    public static func flag(
        _ name: String, _ property: @escaping @Sendable (Value) throws -> Bool?
    ) -> VectorAttribute {
        VectorAttribute(name: name, kind: .flag) { try property($0).map(AttributeValue.flag) }
    }

    private init(
        name: String, kind: AttributeKind, property: @escaping @Sendable (Value) throws -> AttributeValue?
    ) {
        self.name = name
        self.kind = kind
        self.property = property
    }

    func stored(of value: Value) throws -> StoredAttribute? { try property(value).flatMap(StoredAttribute.init) }
}
