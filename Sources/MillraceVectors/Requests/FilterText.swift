import Millrace

/// A filter as a client writes it in JSON, in the operators that vector databases share:
/// `{"city": "Berlin", "amount": {"$gte": 10}, "$or": [{"isOpen": true}, {"city": {"$in": ["Bonn"]}}]}`.
///
/// The tree is kept as it was written, so an instance passes on what its client has asked for.
struct FilterText: Codable, Sendable {
    fileprivate var root: FilterNode

    /// How deeply filters may be nested.
    static let deepestNesting = 12
    /// The most names, operators and values of a filter together.
    static let largestCount = 2_000

    init(from decoder: any Decoder) throws {
        root = try FilterNode(from: decoder)
        guard case .object = root else { throw StoreIndexRequestProblem("filter must be an object") }
        guard root.count <= Self.largestCount else {
            throw StoreIndexRequestProblem("the filter is too large: it may have \(Self.largestCount) names and values")
        }
    }

    func encode(to encoder: any Encoder) throws { try root.encode(to: encoder) }

    /// Returns the filter; whether the index has its attributes is checked elsewhere.
    ///
    /// - Throws: `StoreIndexRequestProblem` for an unknown operator, or a value that the operator does not take.
    func filter() throws -> AttributeFilter { try Self.filter(of: root, depth: 0) }

    private static func filter(of node: FilterNode, depth: Int) throws -> AttributeFilter {
        guard depth < deepestNesting else {
            throw StoreIndexRequestProblem("the filter is nested more than \(deepestNesting) deep")
        }
        guard case .object(let members) = node else {
            throw StoreIndexRequestProblem("$and and $or take a list of filters, which are objects")
        }
        return conjunction(
            of: try members.flatMap { name, value -> [AttributeFilter] in
                switch name {
                case "$and": [.all(try filters(of: value, name, depth))]
                case "$or": [.any(try filters(of: value, name, depth))]
                case _ where name.hasPrefix("$"): throw unknown(name)
                default: try conditions(on: name, value)
                }
            })
    }

    private static func conjunction(of filters: [AttributeFilter]) -> AttributeFilter {
        filters.count == 1 ? filters[0] : .all(filters)
    }

    private static func filters(of node: FilterNode, _ name: String, _ depth: Int) throws -> [AttributeFilter] {
        guard case .list(let elements) = node else { throw StoreIndexRequestProblem("\(name) takes a list of filters") }
        return try elements.map { try filter(of: $0, depth: depth + 1) }
    }

    private static func conditions(on name: String, _ node: FilterNode) throws -> [AttributeFilter] {
        guard case .object(let operators) = node else { return [.equals(name, try value(of: node, name, "$eq"))] }
        if operators.isEmpty { throw StoreIndexRequestProblem("there is no condition on \(name)") }
        return try operators.map { operation, operand in
            func one() throws -> AttributeValue { try value(of: operand, name, operation) }
            return switch operation {
            case "$eq": .equals(name, try one())
            case "$ne": .notEquals(name, try one())
            case "$gt": .moreThan(name, try one())
            case "$gte": .atLeast(name, try one())
            case "$lt": .lessThan(name, try one())
            case "$lte": .atMost(name, try one())
            case "$in": .oneOf(name, try values(of: operand, name, operation))
            case "$nin": .noneOf(name, try values(of: operand, name, operation))
            default: throw unknown(operation)
            }
        }
    }

    private static func value(of node: FilterNode, _ name: String, _ operation: String) throws -> AttributeValue {
        guard case .value(let value) = node else {
            throw StoreIndexRequestProblem("\(name) is compared by \(operation) with a text, a number, true or false")
        }
        return value
    }

    private static func values(of node: FilterNode, _ name: String, _ operation: String) throws -> [AttributeValue] {
        guard case .list(let elements) = node else {
            throw StoreIndexRequestProblem("\(operation) of \(name) takes a list of values")
        }
        return try elements.map { try value(of: $0, name, operation) }
    }

    private static func unknown(_ operation: String) -> StoreIndexRequestProblem {
        StoreIndexRequestProblem(
            "there is no operator \(operation.prefix(100)); there are $eq $ne $in $nin $gt $gte $lt $lte $and $or")
    }
}

/// A part of a filter's JSON. The members of an object are in the order of their names.
private indirect enum FilterNode: Codable, Sendable {
    case value(AttributeValue)
    case none
    case list([FilterNode])
    case object([(name: String, node: FilterNode)])

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The number of names and values.
    var count: Int {
        switch self {
        case .value, .none: 1
        case .list(let nodes): nodes.reduce(1) { $0 + $1.count }
        case .object(let members): members.reduce(1) { $0 + $1.node.count }
        }
    }

    init(from decoder: any Decoder) throws {
        // An operator and its list are two more levels of JSON, and the filter has a name of its own.
        guard decoder.codingPath.count <= 2 * FilterText.deepestNesting + 4 else {
            throw StoreIndexRequestProblem("the filter is nested more than \(FilterText.deepestNesting) deep")
        }
        if let container = try? decoder.container(keyedBy: Name.self) {
            let names = container.allKeys.sorted { $0.stringValue < $1.stringValue }
            self = .object(try names.map { ($0.stringValue, try container.decode(FilterNode.self, forKey: $0)) })
        } else if var container = try? decoder.unkeyedContainer() {
            var nodes: [FilterNode] = []
            while !container.isAtEnd { nodes.append(try container.decode(FilterNode.self)) }
            self = .list(nodes)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .none
            } else if let flag = try? container.decode(Bool.self) {
                self = .value(.flag(flag))
            } else if let number = try? container.decode(Double.self) {
                self = .value(.number(number))
            } else if let text = try? container.decode(String.self) {
                self = .value(.text(text))
            } else {
                throw StoreIndexRequestProblem("the filter has a number that no 64-bit float can be")
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .object(let members):
            var container = encoder.container(keyedBy: Name.self)
            for (name, node) in members { try container.encode(node, forKey: Name(stringValue: name)) }
        case .list(let nodes):
            var container = encoder.unkeyedContainer()
            for node in nodes { try container.encode(node) }
        case .none:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .value(let value):
            var container = encoder.singleValueContainer()
            switch value {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .flag(let flag): try container.encode(flag)
            }
        }
    }
}
