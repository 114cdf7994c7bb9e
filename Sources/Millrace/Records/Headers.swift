/// One header of a record: a name and bytes, which may be null.
public struct Header: Hashable, Sendable {
    public var name: String
    public var value: [UInt8]?

    public init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// The headers of a record, in the order in which they were added; a name may occur more than once.
public struct Headers: Hashable, Sendable, RandomAccessCollection, ExpressibleByArrayLiteral {
    @usableFromInline var elements: [Header]

    /// No headers.
    @inlinable
    public init() { elements = [] }

    public init(_ headers: some Sequence<Header>) { elements = Array(headers) }

    public init(arrayLiteral elements: Header...) { self.elements = elements }

    public var startIndex: Int { elements.startIndex }
    public var endIndex: Int { elements.endIndex }
    public subscript(position: Int) -> Header { elements[position] }

    /// Adds a header behind those already there.
    public mutating func append(_ header: Header) { elements.append(header) }

    /// Adds a header whose value is text in UTF-8.
    public mutating func append(name: String, text: String) {
        elements.append(Header(name: name, value: Array(text.utf8)))
    }

    /// The header added last under this name, as Kafka's `Headers.lastHeader`.
    public func last(named name: String) -> Header? { elements.last { $0.name == name } }
}
