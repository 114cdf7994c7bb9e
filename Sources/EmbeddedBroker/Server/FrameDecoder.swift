import NIOCore

/// Cuts the stream of a connection into requests: four bytes of size before each.
struct FrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// A size that no request has.
    struct WrongSize: Error, CustomStringConvertible {
        var sizeInBytes: Int32
        var limitInBytes: Int

        var description: String { "a request of \(sizeInBytes) bytes; the limit is \(limitInBytes)" }
    }

    let maxSizeInBytes: Int

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let size = buffer.getInteger(at: buffer.readerIndex, as: Int32.self) else { return .needMoreData }
        guard size >= 0 && Int(size) <= maxSizeInBytes else {
            throw WrongSize(sizeInBytes: size, limitInBytes: maxSizeInBytes)
        }
        guard buffer.readableBytes >= MemoryLayout<Int32>.size + Int(size) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: MemoryLayout<Int32>.size)
        guard let frame = buffer.readSlice(length: Int(size)) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(frame))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        // The rest of a request whose client has gone is of no use.
        .needMoreData
    }
}
