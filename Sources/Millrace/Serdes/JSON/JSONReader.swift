public import FoundationEssentials

/// Reads JSON as Foundation's `JSONDecoder` does, but several times faster in ordinary cases.
///
/// A text is scanned once, into nodes on the stack, and decoded from those. Foundation has the last word: it decodes from
/// the beginning whatever is not ordinary or fails, so that all its values and errors stay the same. An `init(from:)` may
/// therefore run twice. docs/performance.md says what counts as ordinary.
///
/// The generic code here is specialised where a serde is made: unspecialised code looks up the metadata of three generic
/// types in each decoding, which takes 100 ns.
@usableFromInline
enum JSONReader {
    /// Texts beyond this length are rare on a topic, and their nodes would take twelve times as much.
    private static let maxCount = 1 << 20

    /// This many nodes are on the stack; they are enough for most texts.
    @inlinable static var fewNodes: Int { 42 }

    @inlinable
    static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: UnsafeRawBufferPointer, dates: JSONDates
    ) throws -> Value {
        do {
            return try decodeOrdinary(type, bytes.bindMemory(to: UInt8.self), dates: dates)
        } catch {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = dates.decodingStrategy
            return try decoder.decode(type, from: Data(bytes))
        }
    }

    /// - Throws: if Foundation is to be asked.
    @inlinable
    static func decodeOrdinary<Value: Decodable>(
        _ type: Value.Type, _ text: UnsafeBufferPointer<UInt8>, dates: JSONDates = .secondsSince2001
    ) throws -> Value {
        do {
            return try decodeOrdinary(type, text, dates: dates, nodes: fewNodes)
        } catch JSONDoubt.moreNodes {
            return try decodeOrdinary(type, text, dates: dates, nodes: manyNodes(for: text))
        }
    }

    /// Returns the number of nodes that a text can have at most.
    @usableFromInline
    static func manyNodes(for text: UnsafeBufferPointer<UInt8>) throws -> Int {
        guard text.count <= maxCount else { throw JSONDoubt.unusual }
        return text.count / 2 + 2
    }

    @inlinable
    static func decodeOrdinary<Value: Decodable>(
        _ type: Value.Type, _ text: UnsafeBufferPointer<UInt8>, dates: JSONDates, nodes capacity: Int
    ) throws -> Value {
        try withUnsafeTemporaryAllocation(of: JSONNode.self, capacity: capacity) { nodes in
            var document = try JSONDocument.scan(text, into: nodes, dates: dates)
            defer { document.close() }
            let value = try JSONNodeDecoder(document: document, nodeIndex: 0, path: nil).decode(type)
            // Foundation lets a decoder outlive the call. This one cannot, so if it was kept, its result must not be used.
            guard !document.isInDoubt, isKnownUniquelyReferenced(&document) else { throw JSONDoubt.unusual }
            return value
        }
    }
}

/// The keys that lead to a value, the last one first.
@usableFromInline
final class JSONPath {
    private let outer: JSONPath?
    private let key: any CodingKey

    @usableFromInline
    init(_ key: any CodingKey, in outer: JSONPath?) {
        self.outer = outer
        self.key = key
    }

    static func keys(_ path: JSONPath?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var step = path
        while let present = step {
            keys.append(present.key)
            step = present.outer
        }
        return keys.reversed()
    }
}

/// An index as a key of a path.
struct JSONIndexKey: CodingKey {
    let intValue: Int?
    var stringValue: String { "Index \(intValue ?? 0)" }

    init(_ index: Int) { intValue = index }
    init?(intValue: Int) { self.intValue = intValue }
    init?(stringValue: String) { nil }
}
