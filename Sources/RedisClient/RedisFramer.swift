import NIOCore

/// Finds where the answers in the bytes of a connection end. It goes on where the bytes ended, however long an answer is.
struct RedisFramer: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    private var scan = RedisScan()

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let answer = try next(&buffer) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(answer))
        return .continue
    }

    /// Takes the first answer out of a buffer; `nil` if it is not there as a whole.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    mutating func next(_ buffer: inout ByteBuffer) throws -> ByteBuffer? {
        guard try buffer.withUnsafeReadableBytes({ try scan.isWhole($0) }) else { return nil }
        defer { scan = RedisScan() }
        return buffer.readSlice(length: scan.end)
    }
}

/// The search for the end of an answer.
private struct RedisScan {
    /// The place up to which the answer's values are there.
    private(set) var end = 0
    /// The numbers of missing elements, of the outermost value first.
    private var missing: [Int] = []

    /// Goes on in bytes that begin with the answer.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    mutating func isWhole(_ bytes: UnsafeRawBufferPointer) throws(RedisError) -> Bool {
        while true {
            guard let line = try RedisLine(bytes, at: end) else { return false }
            if line.hasElements, line.elementCount > 0 {
                try RedisCursor.check(depth: missing.count)
                missing.append(line.elementCount)
                end = line.end
                continue
            }
            guard let place = try RedisCursor.end(of: line, in: bytes) else { return false }
            end = place
            if isLastElement() { return true }
        }
    }

    /// Counts an element that is there.
    ///
    /// - Returns: whether it was the last one of the whole.
    private mutating func isLastElement() -> Bool {
        while let count = missing.popLast() {
            if count > 1 {
                missing.append(count - 1)
                return false
            }
        }
        return true
    }
}
