/// A scanned JSON text, for the time in which something is decoded from it.
///
/// Text and nodes belong to the caller and are gone after the call. `close` therefore makes the document refuse everything,
/// in case a decoder was kept. Whatever cannot be answered exactly as Foundation would answer it is a doubt, and so is every
/// error. The result is then discarded, and Foundation decodes the text again.
@usableFromInline
final class JSONDocument {
    private var text: UnsafeBufferPointer<UInt8>
    private(set) var nodes: UnsafeBufferPointer<JSONNode>
    /// Whether a question was asked that only Foundation can answer.
    @usableFromInline private(set) var isInDoubt = false
    /// The way in which dates are read.
    @usableFromInline let dates: JSONDates

    init(text: UnsafeBufferPointer<UInt8>, nodes: UnsafeBufferPointer<JSONNode>, dates: JSONDates) {
        self.text = text
        self.nodes = nodes
        self.dates = dates
    }

    /// Scans a text.
    ///
    /// - Parameters:
    ///   - nodes: room for the text's nodes; it has to be valid until `close`.
    ///   - dates: the way in which dates are read.
    @usableFromInline
    static func scan(
        _ text: UnsafeBufferPointer<UInt8>, into nodes: UnsafeMutableBufferPointer<JSONNode>,
        dates: JSONDates
    ) throws -> JSONDocument {
        var scanner = JSONScanner(text, into: nodes)
        let count = try scanner.scan()
        return JSONDocument(text: text, nodes: UnsafeBufferPointer(rebasing: nodes[..<count]), dates: dates)
    }

    @usableFromInline
    func close() {
        text = UnsafeBufferPointer(start: nil, count: 0)
        nodes = UnsafeBufferPointer(start: nil, count: 0)
    }

    /// Returns the error to throw if there is no answer. A closure of the user's may catch it, so the document records it
    /// too.
    @usableFromInline
    func doubt() -> JSONDoubt {
        isInDoubt = true
        return JSONDoubt.unusual
    }

    @usableFromInline
    func node(_ nodeIndex: Int) throws -> JSONNode {
        guard nodeIndex < nodes.count else { throw doubt() }
        return nodes[nodeIndex]
    }

    // MARK: Objects

    /// Returns the index of an object's first member with a name, as in Foundation; `nil` for none.
    @usableFromInline
    func value(of key: String, in object: Int) throws -> Int? {
        var key = key
        return try key.withUTF8 { key in
            let wanted = JSONNode.word(of: key)
            var nodeIndex = object + 1
            for _ in 0..<(try node(object)).word {
                if nodes[nodeIndex].word == wanted, key.count <= 7 || isText(key, at: nodeIndex) {
                    return nodeIndex + 1
                }
                nodeIndex = Int(nodes[nodeIndex + 1].next)
            }
            return nil
        }
    }

    private func isText(_ key: UnsafeBufferPointer<UInt8>, at nodeIndex: Int) -> Bool {
        let node = nodes[nodeIndex]
        guard Int(node.end - node.start) == key.count else { return false }
        for index in 0..<key.count where text[Int(node.start) + index] != key[index] { return false }
        return true
    }

    /// Returns the names of an object's members, each once.
    @usableFromInline
    func keys(of object: Int) throws -> [String] {
        var keys: [String] = []
        var seen: Set<String> = []
        var nodeIndex = object + 1
        for _ in 0..<(try node(object)).word {
            let key = String(decoding: bytes(of: nodes[nodeIndex]), as: UTF8.self)
            if seen.insert(key).inserted { keys.append(key) }
            nodeIndex = Int(nodes[nodeIndex + 1].next)
        }
        return keys
    }

    // MARK: Values

    @usableFromInline
    func bool(at nodeIndex: Int) throws -> Bool {
        switch try node(nodeIndex).kind {
        case .true: return true
        case .false: return false
        default: throw doubt()
        }
    }

    @inlinable
    func integer<Integer: FixedWidthInteger>(at nodeIndex: Int) throws -> Integer {
        guard let value = Integer(exactly: try integer(at: nodeIndex)) else { throw doubt() }
        return value
    }

    @usableFromInline
    func integer(at nodeIndex: Int) throws -> Int64 {
        let node = try node(nodeIndex)
        // More than 18 digits are left to Foundation, and so are the zeros of 1.0 and 1e3.
        guard node.kind == .number, node.exponent == 0 else { throw doubt() }
        let magnitude = Int64(truncatingIfNeeded: node.word)
        return isNegative(node) ? -magnitude : magnitude
    }

    @usableFromInline
    func double(at nodeIndex: Int) throws -> Double {
        let node = try node(nodeIndex)
        guard node.kind == .number else { throw doubt() }
        // Digits and power of ten are both exact as a Double, so one operation rounds correctly (Clinger). Longer numbers,
        // of 17 digits and more, go through the C library, which takes 150 ns more.
        if node.exponent >= -22, node.exponent <= 22, node.word <= 1 << 53 {
            let digits = Double(node.word)
            let value =
                node.exponent < 0
                ? digits / Self.powersOfTen[Int(-node.exponent)]
                : digits * Self.powersOfTen[Int(node.exponent)]
            return isNegative(node) ? -value : value
        }
        guard let value = Double(String(decoding: bytes(of: node), as: UTF8.self)), value.isFinite, value != 0 else {
            throw doubt()
        }
        return value
    }

    @usableFromInline
    func float(at nodeIndex: Int) throws -> Float {
        let node = try node(nodeIndex)
        guard node.kind == .number, let value = Float(String(decoding: bytes(of: node), as: UTF8.self)),
            value.isFinite, value != 0
        else { throw doubt() }
        return value
    }

    @usableFromInline
    func string(at nodeIndex: Int) throws -> String {
        let node = try node(nodeIndex)
        guard node.kind == .string else { throw doubt() }
        if node.isIntricate {
            guard let text = JSONEscapes.text(of: bytes(of: node)) else { throw doubt() }
            return text
        }
        guard let text = String(utf8: UnsafeRawBufferPointer(bytes(of: node))) else { throw doubt() }
        return text
    }

    private func isNegative(_ node: JSONNode) -> Bool { text[Int(node.start)] == UInt8(ascii: "-") }

    private func bytes(of node: JSONNode) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: text.baseAddress.map { $0 + Int(node.start) }, count: Int(node.end - node.start))
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}

/// The error for what only Foundation can answer. It never leaves the decoding.
@usableFromInline
enum JSONDoubt: Error {
    case unusual
    /// The text may be ordinary, but has more elements than there was room for.
    case moreNodes
}
