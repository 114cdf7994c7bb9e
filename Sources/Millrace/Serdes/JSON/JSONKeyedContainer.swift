/// The members of an object.
@usableFromInline
struct JSONKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    /// An object with more members than this is left to Foundation, which looks them up by hashing.
    @inlinable static var maxMembers: UInt64 { 128 }

    @usableFromInline let document: JSONDocument
    @usableFromInline let object: Int
    @usableFromInline let path: JSONPath?

    @inlinable
    init(_ document: JSONDocument, _ object: Int, _ path: JSONPath?) throws {
        let node = try document.node(object)
        // Names are compared by their bytes, which is the same as comparing Strings only where they are ASCII.
        guard node.kind == .object, !node.isIntricate, node.word <= Self.maxMembers else { throw document.doubt() }
        self.document = document
        self.object = object
        self.path = path
    }

    @usableFromInline var codingPath: [any CodingKey] { JSONPath.keys(path) }
    @usableFromInline var allKeys: [Key] {
        ((try? document.keys(of: object)) ?? []).compactMap { Key(stringValue: $0) }
    }

    @inlinable func contains(_ key: Key) -> Bool { (try? document.value(of: key.stringValue, in: object)) != nil }

    @inlinable func decodeNil(forKey key: Key) throws -> Bool { try document.node(nodeIndex(of: key)).kind == .null }
    @inlinable func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try document.bool(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try document.string(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try document.double(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: Float.Type, forKey key: Key) throws -> Float {
        try document.float(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try document.integer(at: nodeIndex(of: key))
    }
    @inlinable func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try document.integer(at: nodeIndex(of: key))
    }

    @inlinable func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try decoder(key).decode(type)
    }

    @inlinable func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try decoder(key).container(keyedBy: type)
    }

    @usableFromInline func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    @inlinable func superDecoder() throws -> any Decoder { throw document.doubt() }
    @inlinable func superDecoder(forKey key: Key) throws -> any Decoder { throw document.doubt() }

    @inlinable func decoder(_ key: Key) throws -> JSONNodeDecoder {
        JSONNodeDecoder(document: document, nodeIndex: try nodeIndex(of: key), path: JSONPath(key, in: path))
    }

    @inlinable func nodeIndex(of key: Key) throws -> Int {
        guard let nodeIndex = try document.value(of: key.stringValue, in: object) else { throw document.doubt() }
        return nodeIndex
    }
}
