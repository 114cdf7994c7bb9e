/// A change of a table that is held back, with the record that caused it.
///
/// Its bytes are those of Kafka's `BufferValue` (version 3): the record's timestamp and offset (8 bytes each), its topic,
/// its partition (4), its headers; then the value that the key had before it was put in, the old and the new value. The
/// length of each text or value precedes it in 4 bytes; a length of −1 stands for null, a length of −2 says that the old
/// value is the same as the one before it. All numbers are big endian.
@usableFromInline
package struct BufferedChange {
    /// The value of the key when it was put into the buffer.
    @usableFromInline package var priorValue: [UInt8]?
    @usableFromInline package var oldValue: [UInt8]?
    @usableFromInline package var newValue: [UInt8]?
    @usableFromInline package var timestampMs: Int64
    @usableFromInline package var headers: Headers
    /// The origin of the record; `nil` if there was none, inside a punctuation.
    @usableFromInline package var metadata: RecordMetadata?

    @usableFromInline
    package init(
        oldValue: [UInt8]?, newValue: [UInt8]?, timestampMs: Int64, headers: Headers, metadata: RecordMetadata?
    ) {
        priorValue = oldValue
        self.oldValue = oldValue
        self.newValue = newValue
        self.timestampMs = timestampMs
        self.headers = headers
        self.metadata = metadata
    }

    /// The bytes that the change takes with its key, as Kafka counts them: `residentMemorySizeEstimate`.
    package func sizeInBytes(withKeyOf keyCount: Int) -> Int {
        let context = 20 + (metadata?.topic.utf8.count ?? 0)
        let headers = headers.reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
        let old = priorValue == oldValue ? 0 : oldValue?.count ?? 0
        return 8 + keyCount + context + headers + (priorValue?.count ?? 0) + old + (newValue?.count ?? 0)
    }
}

extension BufferedChange {
    package func append(to buffer: inout [UInt8]) {
        buffer.append(bigEndian: timestampMs)
        buffer.append(bigEndian: metadata?.offset ?? -1)
        buffer.append(sized: Array((metadata?.topic ?? "").utf8))
        buffer.append(bigEndian: metadata?.partition ?? -1)
        buffer.append(bigEndian: Int32(headers.count))
        for header in headers {
            buffer.append(sized: Array(header.name.utf8))
            buffer.append(sized: header.value)
        }
        buffer.append(sized: priorValue)
        if oldValue != nil, oldValue == priorValue {
            buffer.append(bigEndian: Int32(-2))
        } else {
            buffer.append(sized: oldValue)
        }
        buffer.append(sized: newValue)
    }

    /// - Throws: `SerdeError` if the bytes are not such a change.
    package init(_ bytes: UnsafeRawBufferPointer) throws {
        var reader = BufferedChangeReader(bytes: bytes)
        timestampMs = try reader.int64()
        let offset = try reader.int64()
        let topic = try reader.sized() ?? []
        let partition = try reader.int32()
        let headerCount = try reader.int32()
        var headers = Headers()
        for _ in 0..<max(0, headerCount) {
            let name = try reader.sized() ?? []
            headers.append(Header(name: String(decoding: name, as: UTF8.self), value: try reader.sized()))
        }
        self.headers = headers
        metadata =
            partition < 0
            ? nil : RecordMetadata(topic: String(decoding: topic, as: UTF8.self), partition: partition, offset: offset)
        priorValue = try reader.sized()
        let oldCount = try reader.int32()
        oldValue = oldCount == -2 ? priorValue : try reader.bytes(count: oldCount)
        newValue = try reader.sized()
    }
}

private struct BufferedChangeReader {
    let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func int64() throws -> Int64 { try number() }
    mutating func int32() throws -> Int32 { try number() }

    mutating func sized() throws -> [UInt8]? { try bytes(count: int32()) }

    mutating func bytes(count: Int32) throws -> [UInt8]? {
        if count < 0 { return nil }
        guard bytes.count - offset >= Int(count) else { throw tooShort }
        defer { offset += Int(count) }
        return Array(bytes[offset..<offset + Int(count)])
    }

    private mutating func number<Number: FixedWidthInteger>() throws -> Number {
        guard bytes.count - offset >= MemoryLayout<Number>.size else { throw tooShort }
        defer { offset += MemoryLayout<Number>.size }
        return Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    private var tooShort: SerdeError { SerdeError(type: "buffered change", message: "\(bytes.count) bytes end early") }
}

extension [UInt8] {
    package mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(sized bytes: [UInt8]?) {
        append(bigEndian: Int32(bytes?.count ?? -1))
        if let bytes { append(contentsOf: bytes) }
    }
}
