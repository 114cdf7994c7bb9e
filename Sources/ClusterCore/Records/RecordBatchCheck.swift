extension RecordBatchReader {
    /// The result of a walk over the records of a batch.
    struct Check: Hashable, Sendable {
        var isWellFormed = false
        /// Whether every record has a key.
        var hasKeys = true
    }

    /// Walks the records of a batch without reading them, as Kafka's broker does before it appends. Compressed records are
    /// unpacked for that; without a codec they are not checked.
    /// - Throws: ``RecordFormatError/corrupt`` or ``RecordFormatError/tooLarge`` for records that do not unpack.
    static func check(_ batch: RecordBatch, codec: (any RecordCodec)?) throws(RecordFormatError) -> Check {
        if codec == nil, batch.header.attributes.compression != CompressionCodec.none {
            return Check(isWellFormed: true)
        }
        let header = batch.header
        return try batch.plainRecords(codec).withUnsafeBytes { bytes in
            var check = Check()
            var position = 0
            for index in 0..<header.recordCount {
                guard let size = Varint.read(bytes, &position, limit: bytes.count), size > 0,
                    size <= bytes.count - position
                else { return check }
                let end = position + Int(size)
                position += 1
                guard Varint.read(bytes, &position, limit: end) != nil,
                    Varint.read(bytes, &position, limit: end) == Int64(index),
                    let keyLength = skipField(bytes, &position, limit: end),
                    skipField(bytes, &position, limit: end) != nil,
                    skipHeaders(bytes, &position, limit: end), position == end
                else { return check }
                if keyLength < 0 { check.hasKeys = false }
            }
            check.isWellFormed = position == bytes.count
            return check
        }
    }

    /// Steps over a field and returns its length, -1 for null; nil if it does not fit.
    @inline(__always)
    private static func skipField(_ bytes: UnsafeRawBufferPointer, _ position: inout Int, limit: Int) -> Int64? {
        guard let length = Varint.read(bytes, &position, limit: limit), length >= -1,
            length <= limit - position
        else { return nil }
        position += max(Int(length), 0)
        return length
    }

    private static func skipHeaders(_ bytes: UnsafeRawBufferPointer, _ position: inout Int, limit: Int) -> Bool {
        guard let count = Varint.read(bytes, &position, limit: limit), count >= 0, count <= limit - position else {
            return false
        }
        for _ in 0..<count {
            guard let length = skipField(bytes, &position, limit: limit), length >= 0,
                skipField(bytes, &position, limit: limit) != nil
            else { return false }
        }
        return true
    }
}
