package import NIOCore

/// Reads values one after the other in the bytes of an answer.
package struct RedisCursor {
    private let bytes: UnsafeRawBufferPointer
    /// The place of the next value.
    package private(set) var place = 0

    private static let maxDepth = 32

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Begins an array.
    ///
    /// - Returns: the number of values that follow; `nil` if there is null in its place.
    /// - Throws: `RedisError.protocolProblem` if another value is there.
    package mutating func array() throws(RedisError) -> Int? {
        let line = try line()
        guard (line.hasElements && line.kind != UInt8(ascii: "|")) || line.isNull else {
            throw .protocolProblem("there is no array where one should be")
        }
        place = line.end
        return line.isNull ? nil : line.elementCount
    }

    /// Reads a text.
    ///
    /// - Returns: the place of its bytes; `nil` if there is null in its place.
    /// - Throws: `RedisError.protocolProblem` if another value is there.
    package mutating func text() throws(RedisError) -> Range<Int>? {
        let line = try line()
        guard line.kind == UInt8(ascii: "$") else {
            guard line.isNull else { throw .protocolProblem("there is no text where one should be") }
            place = line.end
            return nil
        }
        place = try end(of: line)
        return line.isNull ? nil : line.end..<(place - 2)
    }

    /// Reads a value as the server has written it; a failure is decoded all the same.
    ///
    /// - Parameter answer: the buffer that has the bytes, which the value shares.
    /// - Throws: `RedisError.protocolProblem`.
    package mutating func encodedValue(of answer: ByteBuffer) throws(RedisError) -> RedisValue {
        let begin = place
        switch try line().kind {
        case UInt8(ascii: "-"), UInt8(ascii: "!"): return try value(of: answer)
        default:
            try skip()
            return .encoded(slice(answer, begin..<place))
        }
    }

    /// Skips a value with all its elements.
    private mutating func skip() throws(RedisError) {
        var count = 1
        while count > 0 {
            let line = try line()
            count -= 1
            if line.hasElements, !line.isNull { count += line.elementCount }
            place = try end(of: line)
        }
    }

    /// Reads a value with all its elements.
    ///
    /// - Parameter answer: the buffer that has the bytes, which the value shares.
    /// - Throws: `RedisError.protocolProblem`.
    package mutating func value(of answer: ByteBuffer) throws(RedisError) -> RedisValue {
        try value(of: answer, depth: 0)
    }

    private mutating func value(of answer: ByteBuffer, depth: Int) throws(RedisError) -> RedisValue {
        let line = try line()
        place = try end(of: line)
        if line.isNull { return .null }
        if line.hasElements { return try elements(of: line, answer, depth) }
        switch line.kind {
        case UInt8(ascii: ":"): return .integer(line.number)
        case UInt8(ascii: "$"): return .bytes(slice(answer, line.end..<(place - 2)))
        // A verbatim text begins with its kind and a colon.
        case UInt8(ascii: "="): return .bytes(slice(answer, min(line.end + 4, place - 2)..<(place - 2)))
        case UInt8(ascii: "!"): return .failure(words(line.end..<(place - 2)))
        case UInt8(ascii: "-"): return .failure(words(line.words))
        case UInt8(ascii: "#"): return .boolean(words(line.words) == "t")
        case UInt8(ascii: ","):
            let words = words(line.words)
            guard let number = Double(words) else { throw .protocolProblem("\(words.prefix(20)) is not a number") }
            return .double(number)
        default: return .status(words(line.words))
        }
    }

    private mutating func elements(
        of line: RedisLine, _ answer: ByteBuffer, _ depth: Int
    ) throws(RedisError) -> RedisValue {
        try Self.check(depth: depth)
        // Each element has three bytes at least, so that a false number reserves no more than the answer has.
        var elements: [RedisValue] = []
        elements.reserveCapacity(min(line.elementCount, (bytes.count - place) / 3))
        for _ in 0..<line.elementCount { elements.append(try value(of: answer, depth: depth + 1)) }
        switch line.kind {
        // Attributes describe the value that follows, and nobody asked for them.
        case UInt8(ascii: "|"): return elements.last ?? .null
        case UInt8(ascii: "%"): return .map(elements)
        case UInt8(ascii: ">"): return .push(elements)
        default: return .array(elements)
        }
    }

    // MARK: Places

    private func line() throws(RedisError) -> RedisLine {
        guard let line = try RedisLine(bytes, at: place) else { throw .protocolProblem("an answer ends too early") }
        return line
    }

    private func end(of line: RedisLine) throws(RedisError) -> Int {
        guard let end = try Self.end(of: line, in: bytes) else { throw .protocolProblem("an answer ends too early") }
        return end
    }

    /// Returns the place after a value's line and bytes; `nil` if they are not there as a whole.
    static func end(of line: RedisLine, in bytes: UnsafeRawBufferPointer) throws(RedisError) -> Int? {
        guard line.hasBytes, line.number >= 0 else { return line.end }
        let end = line.end + Int(line.number) + 2
        guard end <= bytes.count else { return nil }
        guard bytes[end - 2] == UInt8(ascii: "\r"), bytes[end - 1] == UInt8(ascii: "\n") else {
            throw .protocolProblem("a text does not end where it should")
        }
        return end
    }

    static func check(depth: Int) throws(RedisError) {
        if depth >= maxDepth { throw .protocolProblem("values are nested more than \(maxDepth) deep") }
    }

    private func words(_ place: Range<Int>) -> String { String(decoding: bytes[place], as: UTF8.self) }

    private func slice(_ answer: ByteBuffer, _ place: Range<Int>) -> ByteBuffer {
        answer.getSlice(at: answer.readerIndex + place.lowerBound, length: place.count) ?? ByteBuffer()
    }
}

extension RedisCursor {
    /// Reads in an answer. The cursor is valid until the closure returns.
    ///
    /// - Throws: the closure's error.
    package static func read<Result>(
        _ answer: ByteBuffer, _ body: (inout RedisCursor, UnsafeRawBufferPointer) throws(RedisError) -> Result
    ) throws(RedisError) -> Result {
        let result = answer.withUnsafeReadableBytes { bytes -> Swift.Result<Result, RedisError> in
            var cursor = RedisCursor(bytes)
            do throws(RedisError) { return .success(try body(&cursor, bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Reads an answer that is there as a whole.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    static func value(of answer: ByteBuffer) throws(RedisError) -> RedisValue {
        try read(answer) { (cursor, _) throws(RedisError) in try cursor.value(of: answer) }
    }
}
