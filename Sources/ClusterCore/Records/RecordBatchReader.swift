/// Reads the records of a batch.
package enum RecordBatchReader {
    /// The batch's records in offset order.
    /// - Throws: ``RecordFormatError`` if they are malformed, or compressed without a codec that unpacks them.
    package static func records(
        of batch: RecordBatch, codec: (any RecordCodec)? = nil
    ) throws(RecordFormatError) -> [Record] {
        let body = try batch.plainRecords(codec)
        var records: [Record] = []
        // A record takes seven bytes at least: no count from outside reserves more than its bytes could hold.
        records.reserveCapacity(min(Int(batch.header.recordCount), body.count / 7))
        var parser = RecordParser(header: batch.header, body: body)
        for _ in 0..<batch.header.recordCount { records.append(try parser.next()) }
        guard parser.isAtEnd else { throw .malformed }
        return records
    }

    /// The batches that lie one after another in the bytes.
    /// - Throws: ``RecordFormatError`` if one is cut off or of another format.
    package static func batches(in bytes: [UInt8]) throws(RecordFormatError) -> [RecordBatch] {
        var batches: [RecordBatch] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let header = try RecordBatchHeader(parsing: rest)
            batches.append(try RecordBatch(Array(rest.prefix(header.sizeInBytes))))
            rest = rest.dropFirst(header.sizeInBytes)
        }
        return batches
    }
}

/// Walks the uncompressed records of a batch.
private struct RecordParser {
    let header: RecordBatchHeader
    let body: ArraySlice<UInt8>
    var position = 0

    init(header: RecordBatchHeader, body: ArraySlice<UInt8>) {
        self.header = header
        self.body = body
    }

    var isAtEnd: Bool { position == body.count }

    mutating func next() throws(RecordFormatError) -> Record {
        let size = try number(limit: body.count)
        guard size >= 0, size <= body.count - position else { throw .malformed }
        let end = position + Int(size)
        guard position < end else { throw .malformed }
        position += 1  // attributes, unused
        let timestampDelta = try number(limit: end)
        let offsetDelta = try number(limit: end)
        guard offsetDelta >= 0, offsetDelta <= header.lastOffsetDelta else { throw .malformed }
        let key = try field(limit: end)
        let value = try field(limit: end)
        let headers = try headerFields(limit: end)
        guard position == end else { throw .malformed }
        let timestampMs =
            header.attributes.hasLogAppendTime
            ? header.maxTimestampMs : header.baseTimestampMs &+ timestampDelta
        return Record(
            offset: header.baseOffset + offsetDelta, timestampMs: timestampMs, key: key, value: value,
            headers: headers)
    }

    private mutating func number(limit: Int) throws(RecordFormatError) -> Int64 {
        var next = position
        guard let number = body.withUnsafeBytes({ Varint.read($0, &next, limit: limit) }) else { throw .malformed }
        position = next
        return number
    }

    private mutating func field(limit: Int) throws(RecordFormatError) -> ArraySlice<UInt8>? {
        let length = try number(limit: limit)
        if length == -1 { return nil }
        guard length >= 0, length <= limit - position else { throw .malformed }
        let start = body.startIndex + position
        position += Int(length)
        return body[start..<(start + Int(length))]
    }

    private mutating func headerFields(limit: Int) throws(RecordFormatError) -> [RecordHeader] {
        let count = try number(limit: limit)
        guard count >= 0, count <= limit - position else { throw .malformed }
        if count == 0 { return [] }
        var headers: [RecordHeader] = []
        for _ in 0..<count {
            guard let key = try field(limit: limit) else { throw .malformed }
            let value = try field(limit: limit)
            headers.append(RecordHeader(key: String(decoding: key, as: UTF8.self), value: value.map { Array($0) }))
        }
        return headers
    }
}
