import NIOCore

/// Takes the bytes of a connection apart into values. It goes on where the bytes ended, however long an answer is.
struct RedisDecoder: ByteToMessageDecoder {
    typealias InboundOut = RedisValue

    /// The largest value that Redis itself takes, `proto-max-bulk-len`.
    static let maxSizeInBytes = 512 << 20
    static let maxDepth = 32
    /// The number of elements of one array up to which memory is reserved at once.
    private static let reservedCount = 1_024
    private static let maxLineSize = 64 * 1_024

    /// A value with elements that are not all there.
    private struct Frame {
        var kind: UInt8
        var missingCount: Int
        var elements: [RedisValue]
    }

    private enum Step {
        case incomplete, opened
        case value(RedisValue)
    }

    private var frames: [Frame] = []
    /// The kind and the size of a text whose bytes are not all there.
    private var text: (kind: UInt8, size: Int)?

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let value = try next(&buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(value))
        return .continue
    }

    /// Takes bytes out of a buffer and returns the first value that is complete; `nil` if the buffer ends before.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    mutating func next(_ buffer: inout ByteBuffer) throws(RedisError) -> RedisValue? {
        while true {
            switch try step(&buffer) {
            case .incomplete: return nil
            case .opened: if let value = closed() { return value }
            case .value(let value): if let value = complete(value) { return value }
            }
        }
    }

    // MARK: Elements

    /// Adds a value to the innermost frame. Returns it if there is none, or the outermost value if that is complete.
    private mutating func complete(_ value: RedisValue) -> RedisValue? {
        if frames.isEmpty { return value }
        frames[frames.count - 1].elements.append(value)
        frames[frames.count - 1].missingCount -= 1
        return closed()
    }

    /// Closes the frames that are complete. Returns the value of the outermost one if it is among them.
    private mutating func closed() -> RedisValue? {
        while let last = frames.last, last.missingCount == 0 {
            frames.removeLast()
            let value: RedisValue
            switch last.kind {
            // Attributes describe the value that follows, and nobody asked for them.
            case UInt8(ascii: "|"): return nil
            case UInt8(ascii: "%"): value = .map(last.elements)
            case UInt8(ascii: ">"): value = .push(last.elements)
            default: value = .array(last.elements)
            }
            if frames.isEmpty { return value }
            frames[frames.count - 1].elements.append(value)
            frames[frames.count - 1].missingCount -= 1
        }
        return nil
    }

    private mutating func open(_ kind: UInt8, _ count: Int64) throws(RedisError) -> Step {
        if count == -1 { return .value(.null) }
        if frames.count >= Self.maxDepth { throw .protocolProblem("values are nested more than \(Self.maxDepth) deep") }
        guard (0...Int64(Self.maxSizeInBytes)).contains(count) else {
            throw .protocolProblem("an array has \(count) elements")
        }
        let hasPairs = kind == UInt8(ascii: "%") || kind == UInt8(ascii: "|")
        var frame = Frame(kind: kind, missingCount: hasPairs ? Int(count) * 2 : Int(count), elements: [])
        frame.elements.reserveCapacity(min(frame.missingCount, Self.reservedCount))
        frames.append(frame)
        return .opened
    }

    // MARK: Single values

    private mutating func step(_ buffer: inout ByteBuffer) throws(RedisError) -> Step {
        if let text { return try read(text.kind, text.size, &buffer) }
        guard let length = try Self.lineLength(buffer) else { return .incomplete }
        guard let kind = buffer.readInteger(as: UInt8.self) else { return .incomplete }
        if Self.beginsWithNumber(kind) {
            let number = try Self.number(&buffer, length - 3)
            buffer.moveReaderIndex(forwardBy: 2)
            switch kind {
            case UInt8(ascii: ":"): return .value(.integer(number))
            case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
                if number == -1 { return .value(.null) }
                guard (0...Int64(Self.maxSizeInBytes)).contains(number) else {
                    throw .protocolProblem("a text has \(number) bytes")
                }
                text = (kind, Int(number))
                return try read(kind, Int(number), &buffer)
            default: return try open(kind, number)
            }
        }
        let rest = buffer.readString(length: length - 3) ?? ""
        buffer.moveReaderIndex(forwardBy: 2)
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: "("): return .value(.status(rest))
        case UInt8(ascii: "-"): return .value(.failure(rest))
        case UInt8(ascii: "_"): return .value(.null)
        case UInt8(ascii: "#"): return .value(.boolean(rest == "t"))
        case UInt8(ascii: ","):
            guard let number = Double(rest) else { throw .protocolProblem("\(rest.prefix(20)) is not a number") }
            return .value(.double(number))
        default: throw .protocolProblem("a value begins with \(Unicode.Scalar(kind).escaped(asASCII: true))")
        }
    }

    /// Whether a number follows a kind.
    private static func beginsWithNumber(_ kind: UInt8) -> Bool {
        switch kind {
        case UInt8(ascii: "$"), UInt8(ascii: "*"), UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "!"),
            UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"):
            true
        default: false
        }
    }

    /// Returns the length of the first line with its end; `nil` if it has none yet.
    private static func lineLength(_ buffer: ByteBuffer) throws(RedisError) -> Int? {
        let (end, isEnded) = buffer.withUnsafeReadableBytes { bytes -> (Int?, Bool) in
            guard let end = bytes.prefix(maxLineSize).firstIndex(of: UInt8(ascii: "\n")) else { return (nil, false) }
            return (end, end >= 2 && bytes[end - 1] == UInt8(ascii: "\r"))
        }
        guard let end else {
            if buffer.readableBytes >= maxLineSize { throw .protocolProblem("a line has no end") }
            return nil
        }
        guard isEnded else { throw .protocolProblem("a line is empty") }
        return end + 1
    }

    private static func number(_ buffer: inout ByteBuffer, _ length: Int) throws(RedisError) -> Int64 {
        let number = buffer.withUnsafeReadableBytes { bytes -> Int64? in
            let digits = UnsafeRawBufferPointer(rebasing: bytes.prefix(length))
            guard let first = digits.first else { return nil }
            let isNegative = first == UInt8(ascii: "-")
            let rest = digits.dropFirst(isNegative || first == UInt8(ascii: "+") ? 1 : 0)
            // Eighteen digits cannot overflow.
            guard !rest.isEmpty, rest.count <= 18 else { return Int64(String(decoding: digits, as: UTF8.self)) }
            var number: Int64 = 0
            for byte in rest {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                number = number * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return isNegative ? -number : number
        }
        guard let number else {
            let words = buffer.getString(at: buffer.readerIndex, length: min(20, length)) ?? ""
            throw .protocolProblem("\(words) is not a number")
        }
        buffer.moveReaderIndex(forwardBy: length)
        return number
    }

    private mutating func read(_ kind: UInt8, _ size: Int, _ buffer: inout ByteBuffer) throws(RedisError) -> Step {
        guard buffer.readableBytes >= size + 2, var bytes = buffer.readSlice(length: size) else { return .incomplete }
        guard buffer.readInteger(as: UInt16.self) == Self.lineEnd else {
            throw .protocolProblem("a text does not end where it should")
        }
        text = nil
        switch kind {
        case UInt8(ascii: "!"): return .value(.failure(String(buffer: bytes)))
        case UInt8(ascii: "="):
            // A verbatim text begins with its kind and a colon.
            if bytes.readableBytes >= 4 { bytes.moveReaderIndex(forwardBy: 4) }
            return .value(.bytes(bytes))
        default: return .value(.bytes(bytes))
        }
    }

    private static let lineEnd: UInt16 = 0x0D0A
}
