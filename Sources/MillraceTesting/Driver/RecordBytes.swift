/// A key and a value in memory of their own, which lives as long as this object.
final class RecordBytes {
    let key: UnsafeRawBufferPointer?
    let value: UnsafeRawBufferPointer?

    init(key: [UInt8]?, value: [UInt8]?) {
        self.key = key.map(Self.copy)
        self.value = value.map(Self.copy)
    }

    deinit {
        key?.deallocate()
        value?.deallocate()
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        memory.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(memory)
    }
}
