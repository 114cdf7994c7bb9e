import Millrace
import Testing

@testable import MillraceEngine

@Suite("SuppressionBuffer")
struct SuppressionBufferTests {
    /// Keeps the records that a buffer writes to its changelog.
    private final class Changelog: RecordOutput {
        private(set) var records: [FetchedRecord] = []
        private var memory: [Bytes] = []

        func send(
            key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, partition: Int32?, timestampMs: Int64,
            headers: Headers
        ) throws {
            let bytes = Bytes(key: key.map { Array($0) }, value: value.map { Array($0) })
            memory.append(bytes)
            records.append(
                FetchedRecord(
                    offset: Int64(records.count), timestampMs: timestampMs, headers: headers, key: bytes.key,
                    value: bytes.value))
        }

        func partitionCount() throws -> Int32 { 1 }
    }

    /// Owns a record's bytes.
    private final class Bytes {
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
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            copy.copyBytes(from: bytes)
            return UnsafeRawBufferPointer(copy)
        }
    }

    private func change(_ value: String, _ timestampMs: Int64) -> BufferedChange {
        BufferedChange(
            oldValue: nil, newValue: Array(value.utf8), timestampMs: timestampMs, headers: Headers(), metadata: nil)
    }

    @Test("a key that is removed and put in again between two commits has its new time after a restore")
    func timeAfterRestore() throws {
        let changelog = Changelog()
        let buffer = SuppressionBuffer(changes: ChangeWriter(to: changelog), name: "buffer")
        buffer.put(key: [1], timeMs: 10, change("first", 10))
        try buffer.flush()
        try buffer.removeFirst()
        buffer.put(key: [1], timeMs: 30, change("second", 30))
        try buffer.flush()
        let restored = SuppressionBuffer(changes: ChangeWriter(), name: "buffer")
        try restored.restore(changelog.records[...], position: 2) {}
        #expect(restored.lowestTimeMs == 30)
        #expect(restored.count == 1)
        #expect(restored.sizeInBytes == buffer.sizeInBytes)
    }
}
