/// The names and kinds of an index's attributes, in their order.
package struct AttributeSchema: Sendable, Hashable {
    package struct Attribute: Sendable, Hashable {
        package var name: String
        package var kind: AttributeKind

        package init(name: String, kind: AttributeKind) {
            self.name = name
            self.kind = kind
        }
    }

    package let attributes: [Attribute]

    /// No attributes.
    package static let none = AttributeSchema()

    private init() { attributes = [] }

    /// The most attributes that an index has.
    package static let largestCount = 64

    /// - Throws: `VectorProblem` with code `.invalidFormat` if a name is empty or occurs twice, or if there are too many.
    package init(_ attributes: [Attribute]) throws(VectorProblem) {
        guard attributes.count <= Self.largestCount else {
            throw VectorProblem(.invalidFormat, "an index has at most \(Self.largestCount) attributes")
        }
        var names: Set<String> = []
        for attribute in attributes {
            guard !attribute.name.isEmpty, names.insert(attribute.name).inserted else {
                let name = attribute.name
                throw VectorProblem(.invalidFormat, "an attribute has no name, or that of another: \"\(name)\"")
            }
        }
        self.attributes = attributes
    }

    /// Checks that a row of attributes has the schema's kinds.
    ///
    /// - Throws: `VectorProblem` with code `.invalidFormat`.
    func check(_ row: AttributeRow) throws(VectorProblem) {
        guard row.count == attributes.count else {
            throw VectorProblem(.invalidFormat, "there are \(row.count) attributes instead of \(attributes.count)")
        }
        for (attribute, value) in zip(attributes, row) {
            switch (attribute.kind, value) {
            case (_, nil), (.text, .text), (.number, .ordinal), (.flag, .ordinal): continue
            default: throw VectorProblem(.invalidFormat, "the attribute \(attribute.name) is no \(attribute.kind)")
            }
        }
    }

    // MARK: Filters

    /// The deepest nesting of the filters of a search.
    package static let deepestNesting = 32

    /// Returns a filter with columns in the place of names.
    ///
    /// - Throws: `VectorProblem` with code `.invalidFilter`.
    func resolve(_ filter: AttributeFilter, depth: Int = 0) throws(VectorProblem) -> ResolvedFilter {
        guard depth < Self.deepestNesting else {
            throw VectorProblem(.invalidFilter, "filters are nested at most \(Self.deepestNesting) deep")
        }
        switch filter {
        case .equals(let name, let value): return try .test(test(name, [value]))
        case .notEquals(let name, let value): return try .test(test(name, [value], isNegated: true))
        case .oneOf(let name, let values): return try .test(test(name, values))
        case .noneOf(let name, let values): return try .test(test(name, values, isNegated: true))
        case .lessThan(let name, let value): return try .test(order(name, value) { .below($0, included: false) })
        case .atMost(let name, let value): return try .test(order(name, value) { .below($0, included: true) })
        case .moreThan(let name, let value): return try .test(order(name, value) { .above($0, included: false) })
        case .atLeast(let name, let value): return try .test(order(name, value) { .above($0, included: true) })
        case .all(let filters): return .all(try resolve(filters, depth))
        case .any(let filters): return .any(try resolve(filters, depth))
        }
    }

    private func resolve(_ filters: [AttributeFilter], _ depth: Int) throws(VectorProblem) -> [ResolvedFilter] {
        var resolved: [ResolvedFilter] = []
        for filter in filters { resolved.append(try resolve(filter, depth: depth + 1)) }
        return resolved
    }

    private func test(
        _ name: String, _ values: [AttributeValue], isNegated: Bool = false
    ) throws(VectorProblem) -> AttributeTest {
        var column = try self.column(named: name)
        for value in values { column = try self.column(named: name, comparedWith: value) }
        let stored = Set(values.compactMap(StoredAttribute.init)).sorted()
        return AttributeTest(column: column, condition: .oneOf(stored), isNegated: isNegated)
    }

    private func order(
        _ name: String, _ value: AttributeValue, _ condition: (StoredAttribute) -> AttributeTest.Condition
    ) throws(VectorProblem) -> AttributeTest {
        let column = try column(named: name, comparedWith: value)
        if value.kind == .flag {
            throw VectorProblem(.invalidFilter, "\(name) is a flag; flags have no order")
        }
        return AttributeTest(column: column, condition: StoredAttribute(value).map(condition) ?? .oneOf([]))
    }

    private func column(named name: String) throws(VectorProblem) -> Int {
        if let column = attributes.firstIndex(where: { $0.name == name }) { return column }
        let names = attributes.map(\.name).joined(separator: ", ")
        throw VectorProblem(
            .invalidFilter,
            "the index has no attribute \(name)" + (names.isEmpty ? "; it has none" : "; it has \(names)"))
    }

    private func column(named name: String, comparedWith value: AttributeValue) throws(VectorProblem) -> Int {
        let column = try column(named: name)
        let kind = attributes[column].kind
        guard kind == value.kind else {
            throw VectorProblem(.invalidFilter, "\(name) is a \(kind), so it is not compared with a \(value.kind)")
        }
        return column
    }
}
