public import FoundationEssentials

/// Decodes the value at one node of a document. It is also the container of a single value.
///
/// It takes three words, so that it fits into an existential without an allocation.
@usableFromInline
struct JSONNodeDecoder: Decoder, SingleValueDecodingContainer {
    @usableFromInline let document: JSONDocument
    @usableFromInline let nodeIndex: Int
    @usableFromInline let path: JSONPath?

    @inlinable
    init(document: JSONDocument, nodeIndex: Int, path: JSONPath?) {
        self.document = document
        self.nodeIndex = nodeIndex
        self.path = path
    }

    @usableFromInline var codingPath: [any CodingKey] { JSONPath.keys(path) }
    @usableFromInline var userInfo: [CodingUserInfoKey: Any] { [:] }

    @inlinable func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try JSONKeyedContainer<Key>(document, nodeIndex, path))
    }

    @usableFromInline func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try JSONUnkeyedContainer(document, nodeIndex, path)
    }

    @inlinable func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    @inlinable func decodeNil() -> Bool { (try? document.node(nodeIndex).kind == .null) ?? false }
    @inlinable func decode(_ type: Bool.Type) throws -> Bool { try document.bool(at: nodeIndex) }
    @inlinable func decode(_ type: String.Type) throws -> String { try document.string(at: nodeIndex) }
    @inlinable func decode(_ type: Double.Type) throws -> Double { try document.double(at: nodeIndex) }
    @inlinable func decode(_ type: Float.Type) throws -> Float { try document.float(at: nodeIndex) }
    @inlinable func decode(_ type: Int.Type) throws -> Int { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: Int8.Type) throws -> Int8 { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: Int16.Type) throws -> Int16 { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: Int32.Type) throws -> Int32 { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: Int64.Type) throws -> Int64 { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: UInt.Type) throws -> UInt { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: UInt8.Type) throws -> UInt8 { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: UInt16.Type) throws -> UInt16 { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: UInt32.Type) throws -> UInt32 { try document.integer(at: nodeIndex) }
    @inlinable func decode(_ type: UInt64.Type) throws -> UInt64 { try document.integer(at: nodeIndex) }

    @inlinable func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // Foundation decodes these in its own way.
        if type == Data.self || type == URL.self || type == Decimal.self { throw document.doubt() }
        if type == Date.self, document.dates != .secondsSince2001 { throw document.doubt() }
        // A null must not be decoded from; Foundation turns an Optional into nil.
        do {
            return try Value(from: self)
        } catch {
            throw document.doubt()
        }
    }
}
