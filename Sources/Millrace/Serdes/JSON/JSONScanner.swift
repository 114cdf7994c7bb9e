/// Reads a JSON text once, from front to back, and stores its elements as nodes.
///
/// It is stricter than necessary: it refuses whatever may not be JSON, and Foundation is asked instead. It takes about a
/// nanosecond a byte.
struct JSONScanner {
    /// A depth that only hostile texts reach. Foundation: 512.
    private static let maxDepth = 128

    private let bytes: UnsafePointer<UInt8>
    private let count: Int
    private let nodes: UnsafeMutablePointer<JSONNode>
    private let capacity: Int
    private var nodeCount = 0

    /// - Parameter nodes: room for the nodes. One node for every two bytes is enough for any JSON text.
    init(_ text: UnsafeBufferPointer<UInt8>, into nodes: UnsafeMutableBufferPointer<JSONNode>) {
        // An empty text has no address; it is refused before it is read.
        bytes = text.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
        count = text.baseAddress == nil ? 0 : text.count
        self.nodes = nodes.baseAddress ?? UnsafeMutablePointer(bitPattern: 8).unsafelyUnwrapped
        capacity = nodes.baseAddress == nil ? 0 : nodes.count
    }

    /// Reads the whole text. Returns the number of nodes.
    mutating func scan() throws -> Int {
        let count = nodeCountOrZero()
        if count > 0 { return count }
        throw nodeCount == capacity ? JSONDoubt.moreNodes : JSONDoubt.unusual
    }

    /// Returns the number of nodes, or 0 if the text may not be JSON or needs more nodes than there is room for.
    private mutating func nodeCountOrZero() -> Int {
        var at = 0
        var container = -1
        var depth = 0
        while true {
            at = skipSpaces(at)
            guard at < count, nodeCount < capacity else { return 0 }
            let byte = bytes[at]
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                let isObject = byte == UInt8(ascii: "{")
                depth += 1
                guard depth <= Self.maxDepth else { return 0 }
                nodes[nodeCount] = JSONNode(
                    kind: isObject ? .object : .array, start: UInt32(at), end: 0,
                    next: UInt32(truncatingIfNeeded: container), word: 0)
                container = nodeCount
                nodeCount += 1
                at = skipSpaces(at + 1)
                guard at < count else { return 0 }
                if bytes[at] != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    nodes[container].word = 1
                    if isObject {
                        at = key(at, of: container)
                        if at < 0 { return 0 }
                    }
                    continue
                }
            } else {
                at = scalar(at)
                if at < 0 { return 0 }
            }
            // A value has ended, and perhaps also the container around it.
            while true {
                at = skipSpaces(at)
                if container < 0 { return at == count ? nodeCount : 0 }
                guard at < count else { return 0 }
                let isObject = nodes[container].kind == .object
                if bytes[at] == UInt8(ascii: ",") {
                    nodes[container].word += 1
                    at += 1
                    if isObject {
                        at = key(skipSpaces(at), of: container)
                        if at < 0 { return 0 }
                    }
                    break
                }
                guard bytes[at] == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else { return 0 }
                at += 1
                depth -= 1
                let outer = Int(Int32(bitPattern: nodes[container].next))
                nodes[container].end = UInt32(at)
                nodes[container].next = UInt32(nodeCount)
                container = outer
            }
        }
    }

    @inline(__always)
    private func skipSpaces(_ start: Int) -> Int {
        var at = start
        while at < count, bytes[at] <= 0x20 {
            switch bytes[at] {
            case 0x20, 0x0a, 0x0d, 0x09: at += 1
            default: return at
            }
        }
        return at
    }

    /// Reads a member's name and the colon after it. Returns the offset at which its value may begin, or −1.
    private mutating func key(_ start: Int, of object: Int) -> Int {
        guard start < count, bytes[start] == UInt8(ascii: "\""), nodeCount < capacity else { return -1 }
        let nodeIndex = nodeCount
        var isASCII = true
        var at = string(start, &isASCII)
        if at < 0 { return -1 }
        if nodes[nodeIndex].isIntricate || !isASCII { nodes[object].isIntricate = true }
        let first = Int(nodes[nodeIndex].start)
        nodes[nodeIndex].word = JSONNode.word(
            of: UnsafeBufferPointer(start: bytes + first, count: Int(nodes[nodeIndex].end) - first))
        at = skipSpaces(at)
        guard at < count, bytes[at] == UInt8(ascii: ":") else { return -1 }
        return at + 1
    }

    /// Reads a value that is not a container. Returns the offset of its end, or −1.
    private mutating func scalar(_ start: Int) -> Int {
        var isASCII = true
        switch bytes[start] {
        case UInt8(ascii: "\""): return string(start, &isASCII)
        case UInt8(ascii: "t"): return word(start, "true", .true)
        case UInt8(ascii: "f"): return word(start, "false", .false)
        case UInt8(ascii: "n"): return word(start, "null", .null)
        default: return number(start)
        }
    }

    private mutating func word(_ start: Int, _ word: StaticString, _ kind: JSONNode.Kind) -> Int {
        let end = start + word.utf8CodeUnitCount
        guard end <= count else { return -1 }
        for index in 0..<word.utf8CodeUnitCount where bytes[start + index] != word.utf8Start[index] { return -1 }
        append(JSONNode(kind: kind, start: UInt32(start), end: UInt32(end), next: 0, word: 0))
        return end
    }

    private mutating func string(_ start: Int, _ isASCII: inout Bool) -> Int {
        var at = start + 1
        var isIntricate = false
        while at < count {
            // Eight bytes at a time, as long as none of them ends the string or needs special treatment.
            if at + 8 <= count {
                let word = UnsafeRawPointer(bytes + at).loadUnaligned(as: UInt64.self)
                if Self.isPlain(word) {
                    at += 8
                    continue
                }
            }
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                append(
                    JSONNode(
                        kind: .string, isIntricate: isIntricate, start: UInt32(start + 1), end: UInt32(at), next: 0,
                        word: 0))
                return at + 1
            }
            guard byte >= 0x20 else { return -1 }
            if byte == UInt8(ascii: "\\") {
                isIntricate = true
                at += 1
            } else if byte >= 0x80 {
                isASCII = false
            }
            at += 1
        }
        return -1
    }

    /// Whether all eight bytes are ASCII from the space on, and neither a quotation mark nor a backslash.
    @inline(__always)
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5c)
        let controls = word &- (ones &* 0x20)
        return (word | controls | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)) & highs == 0
    }

    private mutating func number(_ start: Int) -> Int {
        var node = JSONNode(kind: .number, start: UInt32(start), end: 0, next: 0, word: 0)
        var at = start
        if bytes[at] == UInt8(ascii: "-") {
            at += 1
        }
        let integerStart = at
        at = digits(at, &node.word)
        let integerDigits = at - integerStart
        guard integerDigits > 0, integerDigits == 1 || bytes[integerStart] != UInt8(ascii: "0") else { return -1 }
        var significant = integerDigits
        var exponent = 0
        if at < count, bytes[at] == UInt8(ascii: ".") {
            let fractionStart = at + 1
            at = digits(fractionStart, &node.word)
            guard at > fractionStart else { return -1 }
            exponent = fractionStart - at
            significant += at - fractionStart
        }
        if at < count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            var isNegative = false
            at += 1
            if at < count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
                isNegative = bytes[at] == UInt8(ascii: "-")
                at += 1
            }
            let exponentStart = at
            var value: UInt64 = 0
            at = digits(at, &value)
            guard at > exponentStart else { return -1 }
            if at - exponentStart > 4 { significant = .max } else { exponent += isNegative ? -Int(value) : Int(value) }
        }
        // 18 digits always fit into 64 bits.
        node.exponent = significant <= 18 ? Int16(clamping: max(exponent, Int(Int16.min) + 1)) : .min
        node.end = UInt32(at)
        append(node)
        return at
    }

    @inline(__always)
    private func digits(_ start: Int, _ value: inout UInt64) -> Int {
        var at = start
        while at < count {
            let digit = bytes[at] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        return at
    }

    /// Appends a node. There is room: `scan` and `key` have checked it.
    @inline(__always)
    private mutating func append(_ node: JSONNode) {
        nodes[nodeCount] = node
        nodes[nodeCount].next = UInt32(nodeCount + 1)
        nodeCount += 1
    }
}
