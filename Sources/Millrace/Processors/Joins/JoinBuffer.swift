/// Records of a stream that wait until a join's grace period ends, in the order of their times (KIP-923).
///
/// In an ordered store and its changelog, a key is a zero byte, the record's timestamp (8 bytes, big endian), the record's
/// key and a sequence number (4 bytes). The value is that of `BufferedChange`, followed by 8 zero bytes. Kafka:
/// `RocksDBTimeOrderedKeyValueBuffer`, `TimeFirstWindowKeySchema`.
@usableFromInline
final class JoinBuffer {
    private let store: any OrderedBytesStore
    private let graceMs: Int64
    private let origins: any RecordOrigins & UserCodeCalls
    /// The highest time of any record that was put in. It outlives the task, so that a late record stays late.
    private let streamTime: KeptTime
    /// The number of the last record that was put in; `nil` before the first one since the task started.
    private var sequenceNumber: Int32?

    @usableFromInline
    init(of node: NodeInstance, storeName: String, graceMs: Int64) throws {
        store = try node.orderedStore(named: storeName)
        self.graceMs = graceMs
        origins = node.resumption
        streamTime = node.keptTimes.keptTime(named: Self.timeName(of: node.name))
    }

    /// The name of the time that the join keeps.
    @usableFromInline
    static func timeName(of join: String) -> String { "\(join)-buffer-time" }

    /// Whether a record is too late to wait.
    @usableFromInline
    func isTooLate(_ timestampMs: Int64) -> Bool {
        guard let dueMs else { return false }
        return timestampMs < dueMs
    }

    /// The time up to which records are due; `nil` if none is.
    private var dueMs: Int64? {
        if streamTime.timestampMs < graceMs { return nil }
        return (Moment(ms: streamTime.timestampMs) - TimeSpan(ms: graceMs)).ms
    }

    @usableFromInline
    func put(key: [UInt8], value: [UInt8], timestampMs: Int64, headers: Headers) throws {
        var storeKey = Self.prefix(timestampMs)
        storeKey += key
        storeKey.append(bigEndian: try nextSequenceNumber())
        var bytes: [UInt8] = []
        BufferedChange(
            oldValue: nil, newValue: value, timestampMs: timestampMs, headers: headers, metadata: origins.recordMetadata
        ).append(to: &bytes)
        bytes.append(bigEndian: Int64(0))
        try storeKey.withUnsafeBytes { key in
            try bytes.withUnsafeBytes { try store.put(key: key, value: $0, timestampMs: -1) }
        }
        streamTime.timestampMs = max(streamTime.timestampMs, timestampMs)
    }

    /// Removes the records that are due, and has each one joined on behalf of its source record.
    @usableFromInline
    func takeDue(at name: String, _ join: (_ key: [UInt8], _ record: BufferedChange) throws -> Void) throws {
        guard let dueMs else { return }
        // Keys are ordered as unsigned numbers, so there is one beyond the highest timestamp.
        try store.scan(from: Self.prefix(0), to: Self.prefix(dueMs &+ 1)) { storeKey, value in
            let change = try BufferedChange(value)
            let key = Array(storeKey.dropFirst(Self.prefix(0).count).dropLast(4))
            let storeKey = Array(storeKey)
            try origins.resume(change.metadata, at: name) { try join(key, change) }
            try storeKey.withUnsafeBytes { try store.put(key: $0, value: nil, timestampMs: -1) }
            return true
        }
    }

    /// Returns a number above those of all waiting records, so that records with the same key and time leave in the order in
    /// which they arrived.
    private func nextSequenceNumber() throws -> Int32 {
        var highest = sequenceNumber ?? 0
        if sequenceNumber == nil {
            try store.scan(from: nil, to: nil) { storeKey, _ in
                if storeKey.count >= 4 {
                    let offset = storeKey.count - 4
                    highest = max(
                        highest, Int32(bigEndian: storeKey.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
                }
                return true
            }
        }
        let next = (highest &+ 1) & Int32.max
        sequenceNumber = next
        return next
    }

    private static func prefix(_ timestampMs: Int64) -> [UInt8] {
        var prefix: [UInt8] = [0]
        prefix.append(bigEndian: timestampMs)
        return prefix
    }
}

/// The way in which a join with a table lets its stream's records wait.
@usableFromInline
struct JoinGrace<Key, Value>: Sendable {
    @usableFromInline let storeName: String
    @usableFromInline let graceMs: Int64
    @usableFromInline let key: Serde<Key>
    @usableFromInline let value: Serde<Value>
    @usableFromInline let problem: String?

    @usableFromInline
    init(join name: String, grace: Duration, key: Serde<Key>?, value: Serde<Value>?) {
        storeName = "\(name)-Buffer"
        graceMs = grace.wholeMilliseconds
        problem =
            graceMs < 0
            ? "a grace of \(graceMs) ms; it must not be negative"
            : missingSerdes(key: key, value: value, remedy: "pass them to the join")
        self.key = key ?? .missing
        self.value = value ?? .missing
    }

    @usableFromInline
    var store: StorePlan {
        StorePlan(
            name: storeName, kind: .orderedKeyValue, supplier: nil, isCached: false, changelogConfiguration: [:])
    }
}
