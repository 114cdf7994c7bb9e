import CZstd
import ClusterCore

/// Zstandard's frames (RFC 8878), one or more.
enum Zstandard {
    static func decompress(_ input: UnsafeRawBufferPointer, limitInBytes: Int) throws(RecordFormatError) -> [UInt8] {
        guard let stream = ZSTD_createDStream() else { throw .corrupt }
        defer { ZSTD_freeDStream(stream) }
        return try unpack(input, limitInBytes: limitInBytes) { input, piece in
            var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
            var target = ZSTD_outBuffer(dst: piece.baseAddress, size: piece.count, pos: 0)
            let left = ZSTD_decompressStream(stream, &target, &source)
            guard ZSTD_isError(left) == 0 else { return nil }
            return UnpackingStep(consumed: source.pos, produced: target.pos, isAtEnd: left == 0)
        }
    }

    static func compress(_ input: UnsafeRawBufferPointer) -> [UInt8]? {
        pack(atMost: ZSTD_compressBound(input.count)) { output in
            let size = ZSTD_compress(
                output.baseAddress, output.count, input.baseAddress, input.count, ZSTD_defaultCLevel())
            return ZSTD_isError(size) == 0 ? size : nil
        }
    }
}
