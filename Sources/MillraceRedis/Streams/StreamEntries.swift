import NIOCore
import RedisClient

/// An entry of a stream.
struct StreamEntry {
    var id: StreamID
    /// The places of the id, of the fields' names and of their values in the answer: the id first, then names and values in turn.
    fileprivate var texts: Range<Int>
    /// The number of bytes of names and values.
    var sizeInBytes: Int
}

/// The entries of an answer, whose texts stay in the answer's bytes.
struct StreamEntries {
    private let answer: ByteBuffer
    private var texts: [Range<Int>] = []
    private var entries: ArraySlice<StreamEntry> = []

    /// The number of entries up to which memory is reserved at once.
    private static let reservedCount = 10_000

    /// No entries.
    init() { answer = ByteBuffer() }

    /// Reads the answer of XRANGE or XREVRANGE.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    init(_ value: RedisValue) throws(RedisError) {
        guard case .encoded(let answer) = value else { throw .protocolProblem("a stream's entries are no array") }
        self = try RedisCursor.read(answer) { (cursor, bytes) throws(RedisError) in
            try StreamEntries(&cursor, bytes, of: answer)
        }
    }

    /// Reads entries where a cursor is. Entries that are deleted have no fields in an answer of XAUTOCLAIM and are left out.
    ///
    /// - Throws: `RedisError.protocolProblem`.
    init(_ cursor: inout RedisCursor, _ bytes: UnsafeRawBufferPointer, of answer: ByteBuffer) throws(RedisError) {
        self.answer = answer
        let count = try cursor.array() ?? 0
        entries.reserveCapacity(Swift.min(count, Self.reservedCount))
        for _ in 0..<count {
            guard let parts = try cursor.array() else { continue }
            guard parts == 2, let text = try cursor.text(), let id = StreamID(bytes: bytes[text]) else {
                throw .protocolProblem("an entry has no id")
            }
            guard let fieldCount = try cursor.array() else { continue }
            guard fieldCount.isMultiple(of: 2) else { throw .protocolProblem("an entry has half a field") }
            if texts.isEmpty {
                // The others are probably like the first one.
                texts.reserveCapacity(Swift.min(count, Self.reservedCount) * Swift.min(fieldCount + 1, 16))
            }
            var entry = StreamEntry(id: id, texts: texts.count..<(texts.count + 1 + fieldCount), sizeInBytes: 0)
            texts.append(text)
            for _ in 0..<fieldCount {
                guard let text = try cursor.text() else { throw .protocolProblem("an entry has a field of null") }
                texts.append(text)
                entry.sizeInBytes += text.count
            }
            entries.append(entry)
        }
    }

    /// Calls a closure with each entry and its texts, which are valid until it returns.
    func visit(_ body: (StreamEntry, StreamTexts) -> Void) {
        answer.withUnsafeReadableBytes { bytes in
            for entry in entries { body(entry, StreamTexts(bytes: bytes, places: texts[entry.texts])) }
        }
    }
}

extension StreamEntries: RandomAccessCollection {
    var startIndex: Int { entries.startIndex }
    var endIndex: Int { entries.endIndex }
    subscript(index: Int) -> StreamEntry { entries[index] }

    mutating func removeFirst() { entries.removeFirst() }

    /// Removes the entries after the first ones.
    mutating func keepFirst(_ count: Int) { entries = entries.prefix(count) }
}

/// The id and the fields of an entry.
struct StreamTexts {
    private let bytes: UnsafeRawBufferPointer
    private let places: ArraySlice<Range<Int>>

    fileprivate init(bytes: UnsafeRawBufferPointer, places: ArraySlice<Range<Int>>) {
        (self.bytes, self.places) = (bytes, places)
    }

    /// The id as the server has written it.
    var id: UnsafeRawBufferPointer { text(0) }

    var fieldCount: Int { (places.count - 1) / 2 }

    func name(_ field: Int) -> UnsafeRawBufferPointer { text(1 + 2 * field) }
    func value(_ field: Int) -> UnsafeRawBufferPointer { text(2 + 2 * field) }

    private func text(_ number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[places[places.startIndex + number]])
    }

    /// Returns the value of a field, the last of that name; `nil` if there is none.
    func value(of name: [UInt8]) -> UnsafeRawBufferPointer? {
        for field in (0..<fieldCount).reversed() where self.name(field).elementsEqual(name) { return value(field) }
        return nil
    }
}
