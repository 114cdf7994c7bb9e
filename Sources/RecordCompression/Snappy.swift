import CSnappy
import ClusterCore

/// Snappy as Kafka's clients write it: one raw block (librdkafka), or blocks of their own after the header of
/// `org.xerial.snappy.SnappyOutputStream` (Java, Python).
enum Snappy {
    /// "\x82SNAPPY\0", then a version and the oldest version that can read it.
    private static let magic: [UInt8] = [0x82, 0x53, 0x4E, 0x41, 0x50, 0x50, 0x59, 0x00]
    private static let versions: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 1]
    private static let blockSizeInBytes = 32 << 10

    static func decompress(_ input: UnsafeRawBufferPointer, limitInBytes: Int) throws(RecordFormatError) -> [UInt8] {
        var output: [UInt8] = []
        guard input.starts(with: magic) else {
            try append(input, to: &output, limitInBytes: limitInBytes)
            return output
        }
        var position = magic.count + versions.count
        guard input.count > position else { throw .corrupt }
        while position < input.count {
            guard input.count - position >= 4 else { throw .corrupt }
            let size = Int(Int32(bigEndian: input.loadUnaligned(fromByteOffset: position, as: Int32.self)))
            position += 4
            guard size > 0, size <= input.count - position else { throw .corrupt }
            let block = UnsafeRawBufferPointer(rebasing: input[position..<(position + size)])
            try append(block, to: &output, limitInBytes: limitInBytes)
            position += size
        }
        return output
    }

    private static func append(
        _ block: UnsafeRawBufferPointer, to output: inout [UInt8], limitInBytes: Int
    ) throws(RecordFormatError) {
        let source = block.bindMemory(to: CChar.self).baseAddress
        var size = 0
        guard snappy_uncompressed_length(source, block.count, &size) == SNAPPY_OK else { throw .corrupt }
        guard size <= limitInBytes - output.count else { throw .tooLarge }
        let plain = pack(atMost: size) { buffer in
            var written = buffer.count
            let target = buffer.bindMemory(to: CChar.self).baseAddress
            return snappy_uncompress(source, block.count, target, &written) == SNAPPY_OK ? written : nil
        }
        guard let plain else { throw .corrupt }
        output += plain
    }

    static func compress(_ input: UnsafeRawBufferPointer) -> [UInt8]? {
        var output = magic + versions
        var position = 0
        while position < input.count {
            let end = min(position + blockSizeInBytes, input.count)
            let block = UnsafeRawBufferPointer(rebasing: input[position..<end])
            let packed = pack(atMost: snappy_max_compressed_length(block.count)) { buffer in
                var written = buffer.count
                let source = block.bindMemory(to: CChar.self).baseAddress
                let target = buffer.bindMemory(to: CChar.self).baseAddress
                return snappy_compress(source, block.count, target, &written) == SNAPPY_OK ? written : nil
            }
            guard let packed else { return nil }
            withUnsafeBytes(of: Int32(clamping: packed.count).bigEndian) { output.append(contentsOf: $0) }
            output += packed
            position = end
        }
        return output
    }
}
