/// The elements of an array.
struct JSONUnkeyedContainer: UnkeyedDecodingContainer {
    private let document: JSONDocument
    private let path: JSONPath?
    private let length: Int
    private var nodeIndex: Int
    private(set) var currentIndex = 0

    init(_ document: JSONDocument, _ array: Int, _ path: JSONPath?) throws {
        let node = try document.node(array)
        guard node.kind == .array else { throw document.doubt() }
        self.document = document
        self.path = path
        length = Int(node.word)
        nodeIndex = array + 1
    }

    var codingPath: [any CodingKey] { JSONPath.keys(path) }
    var count: Int? { length }
    var isAtEnd: Bool { currentIndex >= length }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { throw document.doubt() }
        guard try document.node(nodeIndex).kind == .null else { return false }
        try advance()
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.bool(at: $1) } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try $0.string(at: $1) } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.double(at: $1) } }
    mutating func decode(_ type: Float.Type) throws -> Float { try next { try $0.float(at: $1) } }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try $0.integer(at: $1) } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try $0.integer(at: $1) } }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try decoder().decode(type)
        try advance()
        return value
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        let container = try decoder().container(keyedBy: type)
        try advance()
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try decoder().unkeyedContainer()
        try advance()
        return container
    }

    mutating func superDecoder() throws -> any Decoder { throw document.doubt() }

    private mutating func next<Value>(_ read: (JSONDocument, Int) throws -> Value) throws -> Value {
        guard !isAtEnd else { throw document.doubt() }
        let value = try read(document, nodeIndex)
        try advance()
        return value
    }

    private func decoder() throws -> JSONNodeDecoder {
        guard !isAtEnd else { throw document.doubt() }
        return JSONNodeDecoder(
            document: document, nodeIndex: nodeIndex, path: JSONPath(JSONIndexKey(currentIndex), in: path))
    }

    private mutating func advance() throws {
        nodeIndex = Int(try document.node(nodeIndex).next)
        currentIndex += 1
    }
}
