import CLZ4
import ClusterCore

/// LZ4's frame format, one frame or more.
enum LZ4 {
    static func decompress(_ input: UnsafeRawBufferPointer, limitInBytes: Int) throws(RecordFormatError) -> [UInt8] {
        var created: OpaquePointer?
        guard LZ4F_isError(LZ4F_createDecompressionContext(&created, UInt32(LZ4F_VERSION))) == 0, let context = created
        else { throw .corrupt }
        defer { LZ4F_freeDecompressionContext(context) }
        return try unpack(input, limitInBytes: limitInBytes) { input, piece in
            var consumed = input.count
            var produced = piece.count
            let left = LZ4F_decompress(context, piece.baseAddress, &produced, input.baseAddress, &consumed, nil)
            guard LZ4F_isError(left) == 0 else { return nil }
            return UnpackingStep(consumed: consumed, produced: produced, isAtEnd: left == 0)
        }
    }

    static func compress(_ input: UnsafeRawBufferPointer) -> [UInt8]? {
        pack(atMost: LZ4F_compressFrameBound(input.count, nil)) { output in
            let size = LZ4F_compressFrame(output.baseAddress, output.count, input.baseAddress, input.count, nil)
            return LZ4F_isError(size) == 0 ? size : nil
        }
    }
}
