/// A key and a value, either of which may be null, in one piece of memory that lives as long as this object.
@usableFromInline
final class RecordBytes {
    private let memory: UnsafeMutableRawPointer
    /// −1 for null.
    private let keyCount: Int
    private let valueCount: Int

    /// Copies the bytes.
    @usableFromInline
    init(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?) {
        keyCount = key?.count ?? -1
        valueCount = value?.count ?? -1
        let size = max(0, keyCount) + max(0, valueCount)
        memory = .allocate(byteCount: max(1, size), alignment: 8)
        if let key, let start = key.baseAddress { memory.copyMemory(from: start, byteCount: key.count) }
        if let value, let start = value.baseAddress {
            (memory + max(0, keyCount)).copyMemory(from: start, byteCount: value.count)
        }
    }

    /// Copies the bytes.
    static func copy(key: [UInt8]?, value: [UInt8]?) -> RecordBytes {
        (key ?? []).withUnsafeBytes { keyBuffer in
            (value ?? []).withUnsafeBytes { valueBuffer in
                RecordBytes(key: key == nil ? nil : keyBuffer, value: value == nil ? nil : valueBuffer)
            }
        }
    }

    deinit { memory.deallocate() }

    @usableFromInline var key: UnsafeRawBufferPointer? {
        keyCount < 0 ? nil : UnsafeRawBufferPointer(start: memory, count: keyCount)
    }

    @usableFromInline var value: UnsafeRawBufferPointer? {
        valueCount < 0 ? nil : UnsafeRawBufferPointer(start: memory + max(0, keyCount), count: valueCount)
    }
}

/// Keeps the bytes of several records.
final class RecordMemory {
    var bytes: [RecordBytes]

    init(_ bytes: [RecordBytes] = []) { self.bytes = bytes }
}
