/// Packs and unpacks the records of compressed batches. The core itself knows no compression.
package protocol RecordCodec: Sendable {
    /// Unpacks the bytes of a batch after its header.
    ///
    /// - Throws: ``RecordFormatError/corrupt`` if the bytes do not unpack, ``RecordFormatError/tooLarge`` if they unpack
    ///   to more than the codec allows, ``RecordFormatError/compressed`` if it does not know the compression.
    func decompress(
        _ bytes: ArraySlice<UInt8>, _ compression: CompressionCodec
    ) throws(RecordFormatError) -> [UInt8]

    /// Packs the bytes that follow a batch's header.
    ///
    /// - Throws: ``RecordFormatError/compressed`` if it does not know the compression.
    func compress(
        _ bytes: ArraySlice<UInt8>, _ compression: CompressionCodec
    ) throws(RecordFormatError) -> [UInt8]
}

extension RecordBatch {
    /// The records' bytes, unpacked if they are compressed.
    ///
    /// - Throws: ``RecordFormatError``, also for a compressed batch without a codec.
    func plainRecords(_ codec: (any RecordCodec)?) throws(RecordFormatError) -> ArraySlice<UInt8> {
        let body = bytes[RecordBatchHeader.sizeInBytes...]
        guard let compression = header.attributes.compression else { throw .malformed }
        guard compression != .none else { return body }
        guard let codec else { throw .compressed }
        return try codec.decompress(body, compression)[...]
    }

    /// The same batch with its records, which are not compressed yet, packed.
    ///
    /// - Throws: ``RecordFormatError`` if the codec does not know the compression.
    package func compressed(
        _ compression: CompressionCodec, by codec: any RecordCodec
    ) throws(RecordFormatError) -> RecordBatch {
        guard compression != .none else { return self }
        var packed = Array(bytes[..<RecordBatchHeader.sizeInBytes])
        packed += try codec.compress(bytes[RecordBatchHeader.sizeInBytes...], compression)
        guard let length = Int32(exactly: packed.count - 12) else { throw .wrongLength }
        let attributes = header.attributes.rawValue & ~0x07 | compression.rawValue
        packed.storeBigEndian(length, at: RecordBatchHeader.lengthPosition)
        packed.storeBigEndian(attributes, at: RecordBatchHeader.attributesPosition)
        packed.storeBigEndian(packed.recordBatchChecksum(), at: RecordBatchHeader.checksumPosition)
        return try RecordBatch(packed)
    }
}
