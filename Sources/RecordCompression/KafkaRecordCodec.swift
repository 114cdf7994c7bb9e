package import ClusterCore

/// The four compressions of Kafka's record batches: gzip, snappy, LZ4 and Zstandard, by the system's libraries.
///
/// Source of the framings: `org.apache.kafka.common.compress`.
package struct KafkaRecordCodec: RecordCodec {
    /// The largest unpacked size of a batch, in bytes. Default 64 MiB: a batch of Kafka's usual 1 MiB holds no more unless it
    /// was made to exhaust its readers.
    package var limitInBytes: Int

    package init(limitInBytes: Int = 64 << 20) {
        self.limitInBytes = limitInBytes
    }

    package func decompress(
        _ bytes: ArraySlice<UInt8>, _ compression: CompressionCodec
    ) throws(RecordFormatError) -> [UInt8] {
        try bytes.withUnsafeBytes { input in
            Result { () throws(RecordFormatError) in
                switch compression {
                case .none: Array(input)
                case .gzip: try Gzip.decompress(input, limitInBytes: limitInBytes)
                case .snappy: try Snappy.decompress(input, limitInBytes: limitInBytes)
                case .lz4: try LZ4.decompress(input, limitInBytes: limitInBytes)
                case .zstd: try Zstandard.decompress(input, limitInBytes: limitInBytes)
                }
            }
        }.get()
    }

    package func compress(
        _ bytes: ArraySlice<UInt8>, _ compression: CompressionCodec
    ) throws(RecordFormatError) -> [UInt8] {
        let packed: [UInt8]? = bytes.withUnsafeBytes { input in
            switch compression {
            case .none: Array(input)
            case .gzip: Gzip.compress(input)
            case .snappy: Snappy.compress(input)
            case .lz4: LZ4.compress(input)
            case .zstd: Zstandard.compress(input)
            }
        }
        guard let packed else { throw .corrupt }
        return packed
    }
}
