/// The records of both streams that have no match yet, in the order of time, the right stream's before the left one's.
///
/// A key is 8 bytes of timestamp, a byte that is 1 for the left stream, and the record's key. Its value is a list of the
/// values with that key, each with the same byte in front. Kafka: `TimestampedKeyAndJoinSideSerializer`,
/// `LeftOrRightValueSerializer`, `ListValueStore`.
@usableFromInline
struct UnmatchedRecords<Key> {
    @usableFromInline let bytes: any KeyValueBytesStore
    @usableFromInline let keySerde: Serde<Key>
    @usableFromInline let scratch = Scratch()

    @usableFromInline
    init(_ bytes: any KeyValueBytesStore, key: Serde<Key>) {
        self.bytes = bytes
        keySerde = key
    }

    /// Keeps a record.
    ///
    /// - Parameter timestampMs: the timestamp of the record, and of the changelog's record.
    @inlinable
    func insert<Value>(
        _ key: Key, _ value: Value, _ serde: Serde<Value>, isLeft: Bool, timestampMs: Int64
    ) throws {
        try setKey(key, isLeft: isLeft, timestampMs: timestampMs)
        try scratch.key.withUnsafeBytes { keyBytes in
            scratch.value.removeAll(keepingCapacity: true)
            try bytes.withValue(forKey: keyBytes) { list in UnmatchedList.copy(list, to: &scratch.value) }
            let start = scratch.value.count
            scratch.value.append(contentsOf: [0, 0, 0, 0, isLeft ? 1 : 0])
            try serde.serialize(value, into: &scratch.value)
            UnmatchedList.closeEntry(at: start, in: &scratch.value)
            try scratch.value.withUnsafeBytes { value in
                try bytes.put(key: keyBytes, value: value, timestampMs: timestampMs)
            }
        }
    }

    /// Removes the records of a key and a moment, if there are any, because they have found a match.
    ///
    /// - Parameter changeMs: the timestamp of the changelog's record.
    @inlinable
    func remove(_ key: Key, isLeft: Bool, timestampMs: Int64, changeMs: Int64) throws {
        try setKey(key, isLeft: isLeft, timestampMs: timestampMs)
        try scratch.key.withUnsafeBytes { keyBytes in
            var isThere = false
            try bytes.withValue(forKey: keyBytes) { isThere = $0 != nil }
            if isThere { try bytes.put(key: keyBytes, value: nil, timestampMs: changeMs) }
        }
    }

    /// Calls `body` for the records of each moment, stream and key until it returns `false`. It may change the store.
    @inlinable
    func visit(
        _ body: (_ isLeft: Bool, _ timestampMs: Int64, _ entry: UnmatchedList) throws -> Bool
    ) throws {
        try bytes.scan(from: nil, to: nil) { keyBytes, list in
            guard keyBytes.count >= 9 else { throw SerdeError(type: "unmatched record", message: "a key too short") }
            return try body(
                keyBytes[8] == 1, Int64(bigEndian: keyBytes.loadUnaligned(as: Int64.self)),
                UnmatchedList(key: keyBytes, list: list))
        }
    }

    /// The key of the records that `visit` has passed, which may not be readable.
    @inlinable
    func key(of entry: UnmatchedList) throws -> Key {
        try keySerde.deserialize(UnsafeRawBufferPointer(rebasing: entry.key[9...]))
    }

    /// Removes an entry that `visit` has passed.
    @inlinable
    func remove(_ entry: UnmatchedList, changeMs: Int64) throws {
        try bytes.put(key: entry.key, value: nil, timestampMs: changeMs)
    }

    @inlinable
    func setKey(_ key: Key, isLeft: Bool, timestampMs: Int64) throws {
        scratch.key.removeAll(keepingCapacity: true)
        withUnsafeBytes(of: timestampMs.bigEndian) { scratch.key.append(contentsOf: $0) }
        scratch.key.append(isLeft ? 1 : 0)
        try keySerde.serialize(key, into: &scratch.key)
    }
}

/// The records of one key of `UnmatchedRecords`, valid only while they are visited.
///
/// The bytes are those of Kafka's `ListSerializer` with entries of variable size: 1, the number of entries in 4 bytes, and
/// each entry after its length in 4 bytes.
@usableFromInline
struct UnmatchedList {
    @usableFromInline let key: UnsafeRawBufferPointer
    @usableFromInline let list: UnsafeRawBufferPointer

    @usableFromInline
    init(key: UnsafeRawBufferPointer, list: UnsafeRawBufferPointer) {
        self.key = key
        self.list = list
    }

    /// The number of records with the key.
    @usableFromInline
    var count: Int {
        list.count >= 5 ? Int(Int32(bigEndian: list.loadUnaligned(fromByteOffset: 1, as: Int32.self))) : 0
    }

    /// Calls `body` with the bytes of each value, in the order in which they arrived.
    @usableFromInline
    func visitValues(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var position = 5
        while position + 5 <= list.count {
            let length = Int(Int32(bigEndian: list.loadUnaligned(fromByteOffset: position, as: Int32.self)))
            guard length >= 1, position + 4 + length <= list.count else { break }
            try body(UnsafeRawBufferPointer(rebasing: list[(position + 5)..<(position + 4 + length)]))
            position += 4 + length
        }
        guard position == list.count, list.first == 1 else {
            throw SerdeError(type: "list of unmatched records", message: "\(list.count) bytes that are no list")
        }
    }

    /// Begins a list that is to get one more entry, with the existing entries.
    @usableFromInline
    static func copy(_ list: UnsafeRawBufferPointer?, to buffer: inout [UInt8]) {
        var count: Int32 = 0
        if let list, list.count >= 5 {
            count = Int32(bigEndian: list.loadUnaligned(fromByteOffset: 1, as: Int32.self))
        }
        buffer.append(1)
        withUnsafeBytes(of: (count &+ 1).bigEndian) { buffer.append(contentsOf: $0) }
        if let list { buffer.append(contentsOf: list.dropFirst(5)) }
    }

    /// Writes the length of the entry whose length field is at an offset.
    @usableFromInline
    static func closeEntry(at start: Int, in buffer: inout [UInt8]) {
        withUnsafeBytes(of: Int32(truncatingIfNeeded: buffer.count - start - 4).bigEndian) { length in
            for index in 0..<4 { buffer[start + index] = length[index] }
        }
    }
}
