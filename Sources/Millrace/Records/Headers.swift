/// One header of a record: a name and bytes, which may be null.
public struct Header: Hashable, Sendable {
    /// The header's name. Several headers of a record may have the same one.
    public var name: String
    /// The header's bytes; `nil` for none.
    public var value: [UInt8]?

    /// Makes a header.
    ///
    /// - Parameters:
    ///   - name: the header's name, which need not be unique.
    ///   - value: the header's bytes; `nil` for none.
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

    /// Makes headers of a sequence, in its order.
    public init(_ headers: some Sequence<Header>) { elements = Array(headers) }

    public init(arrayLiteral elements: Header...) { self.elements = elements }

    public var startIndex: Int { elements.startIndex }
    public var endIndex: Int { elements.endIndex }
    public subscript(position: Int) -> Header { elements[position] }

    /// Adds a header after the existing ones.
    public mutating func append(_ header: Header) { elements.append(header) }

    /// Adds a header whose value is text in UTF-8.
    ///
    /// - Parameters:
    ///   - name: the header's name, which need not be unique.
    ///   - text: the header's value.
    public mutating func append(name: String, text: String) {
        elements.append(Header(name: name, value: Array(text.utf8)))
    }

    /// The header that was added last under this name, as in Kafka's `Headers.lastHeader`.
    public func last(named name: String) -> Header? { elements.last { $0.name == name } }
}
