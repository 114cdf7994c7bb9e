import CZlib
import ClusterCore

/// Members of RFC 1952, one or more.
enum Gzip {
    /// zlib's sign for a gzip header around the largest window.
    private static let windowBits: Int32 = 16 + 15
    private static let memoryLevel: Int32 = 8

    static func decompress(_ input: UnsafeRawBufferPointer, limitInBytes: Int) throws(RecordFormatError) -> [UInt8] {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .corrupt
        }
        defer { inflateEnd(&stream) }
        return try unpack(input, limitInBytes: limitInBytes) { input, piece in
            set(&stream, from: input, to: piece)
            let result = inflate(&stream, Z_NO_FLUSH)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else { return nil }
            let step = UnpackingStep(
                consumed: input.count - Int(stream.avail_in), produced: piece.count - Int(stream.avail_out),
                isAtEnd: result == Z_STREAM_END)
            if step.isAtEnd { inflateReset(&stream) }
            return step
        }
    }

    static func compress(_ input: UnsafeRawBufferPointer) -> [UInt8]? {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        return pack(atMost: Int(deflateBound(&stream, UInt(input.count)))) { output in
            set(&stream, from: input, to: output)
            guard deflate(&stream, Z_FINISH) == Z_STREAM_END else { return nil }
            return output.count - Int(stream.avail_out)
        }
    }

    private static func set(
        _ stream: inout z_stream, from input: UnsafeRawBufferPointer, to output: UnsafeMutableRawBufferPointer
    ) {
        // zlib only reads from where `next_in` points.
        stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(clamping: input.count)
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(clamping: output.count)
    }
}
