import NIOCore

/// Takes the bytes of a connection apart into values.
struct RedisDecoder: ByteToMessageDecoder {
    typealias InboundOut = RedisValue

    /// The largest value that Redis itself takes, `proto-max-bulk-len`.
    static let maxSizeInBytes = 512 << 20
    static let maxDepth = 32
    /// The number of elements of one array up to which memory is reserved at once.
    private static let reservedCount = 1_024

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let value = try Self.value(&buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(value))
        return .continue
    }

    /// Returns the first value of a buffer and takes it out; `nil` if the buffer ends before it does.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    static func value(_ buffer: inout ByteBuffer) throws(RedisError) -> RedisValue? {
        let begin = buffer.readerIndex
        let value = try value(&buffer, depth: 0)
        if value == nil { buffer.moveReaderIndex(to: begin) }
        return value
    }

    private static func value(_ buffer: inout ByteBuffer, depth: Int) throws(RedisError) -> RedisValue? {
        if depth > maxDepth { throw .protocolProblem("values are nested more than \(maxDepth) deep") }
        guard let line = try line(&buffer), let kind = line.unicodeScalars.first else { return nil }
        let rest = line.dropFirst()
        switch kind {
        case "+": return .status(String(rest))
        case "-": return .failure(String(rest))
        case ":": return .integer(try number(rest))
        case "_": return .null
        case "#": return .boolean(rest == "t")
        case ",": return .double(try double(rest))
        case "(": return .status(String(rest))
        case "$", "=", "!":
            let size = try number(rest)
            if size == -1 { return .null }
            guard let bytes = try bytes(&buffer, Int(size)) else { return nil }
            // A verbatim text begins with its kind and a colon.
            if kind == "=" {
                return .bytes(bytes.getSlice(at: bytes.readerIndex + 4, length: bytes.readableBytes - 4) ?? bytes)
            }
            return kind == "!" ? .failure(String(buffer: bytes)) : .bytes(bytes)
        case "*", "~", ">", "%", "|":
            let count = try number(rest)
            if count == -1 { return .null }
            let isMap = kind == "%" || kind == "|"
            guard let elements = try elements(&buffer, isMap ? count * 2 : count, depth: depth) else { return nil }
            switch kind {
            case "%": return .map(elements)
            case ">": return .push(elements)
            // Attributes describe the value that follows, and nobody asked for them.
            case "|": return try value(&buffer, depth: depth)
            default: return .array(elements)
            }
        default: throw .protocolProblem("a value begins with \(kind.escaped(asASCII: true))")
        }
    }

    private static func elements(
        _ buffer: inout ByteBuffer, _ count: Int64, depth: Int
    ) throws(RedisError) -> [RedisValue]? {
        guard (0...Int64(maxSizeInBytes)).contains(count) else {
            throw .protocolProblem("an array has \(count) elements")
        }
        var elements: [RedisValue] = []
        elements.reserveCapacity(min(Int(count), reservedCount))
        for _ in 0..<count {
            guard let element = try value(&buffer, depth: depth + 1) else { return nil }
            elements.append(element)
        }
        return elements
    }

    private static func bytes(_ buffer: inout ByteBuffer, _ size: Int) throws(RedisError) -> ByteBuffer? {
        guard (0...maxSizeInBytes).contains(size) else { throw .protocolProblem("a text has \(size) bytes") }
        guard buffer.readableBytes >= size + 2, let bytes = buffer.readSlice(length: size) else { return nil }
        guard buffer.readInteger(as: UInt16.self) == lineEnd else { throw .protocolProblem("a text has no end") }
        return bytes
    }

    private static let lineEnd: UInt16 = 0x0D0A
    private static let maxLineSize = 64 * 1_024

    private static func line(_ buffer: inout ByteBuffer) throws(RedisError) -> String? {
        let bytes = buffer.readableBytesView
        guard let end = bytes.prefix(maxLineSize).firstIndex(of: UInt8(ascii: "\n")) else {
            if bytes.count >= maxLineSize { throw .protocolProblem("a line has no end") }
            return nil
        }
        guard let line = buffer.readString(length: end - bytes.startIndex + 1) else { return nil }
        guard line.utf8.count > 2, line.hasSuffix("\r\n") else { throw .protocolProblem("a line is empty") }
        return String(line.dropLast())
    }

    private static func number(_ text: Substring) throws(RedisError) -> Int64 {
        guard let number = Int64(text) else { throw .protocolProblem("\(text.prefix(20)) is not a number") }
        return number
    }

    private static func double(_ text: Substring) throws(RedisError) -> Double {
        guard let number = Double(text) else { throw .protocolProblem("\(text.prefix(20)) is not a number") }
        return number
    }
}
