import ClusterCore

/// The result of one call of a decompressing library.
struct UnpackingStep {
    var consumed: Int
    var produced: Int
    /// Whether the frame or member ended.
    var isAtEnd: Bool
}

/// Unpacks in steps into pieces, so that memory grows with the real output, up to the limit.
///
/// - Parameter step: reads from the input and writes into the piece; nil if the input is no such stream.
func unpack(
    _ input: UnsafeRawBufferPointer, limitInBytes: Int,
    step: (_ input: UnsafeRawBufferPointer, _ piece: UnsafeMutableRawBufferPointer) -> UnpackingStep?
) throws(RecordFormatError) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(min(limitInBytes, input.count * 4))
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { piece.deallocate() }
    var position = 0
    while true {
        let rest = UnsafeRawBufferPointer(rebasing: input[position...])
        guard let done = step(rest, piece) else { throw .corrupt }
        position += done.consumed
        guard done.produced <= limitInBytes - output.count else { throw .tooLarge }
        output.append(contentsOf: piece[..<done.produced])
        if done.isAtEnd, position == input.count { return output }
        // The input ends in the middle.
        guard done.consumed > 0 || done.produced > 0 else { throw .corrupt }
    }
}

/// Packs in one call into a buffer of the largest possible size.
///
/// - Parameter pack: returns how many bytes it wrote; nil if it failed.
func pack(atMost count: Int, _ pack: (UnsafeMutableRawBufferPointer) -> Int?) -> [UInt8]? {
    var isPacked = false
    let output = [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
        if let size = pack(UnsafeMutableRawBufferPointer(buffer)) {
            written = size
            isPacked = true
        }
    }
    return isPacked ? output : nil
}
