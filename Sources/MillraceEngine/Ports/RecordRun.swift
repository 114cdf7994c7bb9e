public import Millrace

/// A record as the reader fetched it, without its partition.
///
/// Key and value point into memory that the record's ``RecordRun`` keeps.
@usableFromInline
package struct FetchedRecord {
    @usableFromInline package var offset: Int64
    /// Milliseconds since the epoch; −1 if the broker has no timestamp.
    @usableFromInline package var timestampMs: Int64
    @usableFromInline package var headers: Headers
    @usableFromInline package var key: UnsafeRawBufferPointer?
    @usableFromInline package var value: UnsafeRawBufferPointer?

    @inlinable
    package init(
        offset: Int64, timestampMs: Int64, headers: Headers, key: UnsafeRawBufferPointer?,
        value: UnsafeRawBufferPointer?
    ) {
        self.offset = offset
        self.timestampMs = timestampMs
        self.headers = headers
        self.key = key
        self.value = value
    }

    /// The size of the record's key and value in bytes, for the bounds of the queues.
    var sizeInBytes: Int { (key?.count ?? 0) + (value?.count ?? 0) + 64 }
}

/// Records of one partition in the order of their offsets, with the memory of their keys and values.
///
/// A run, or a part of one, keeps the memory of its records alive: they can wait in a queue without being copied. The records of
/// one poll share their memory, and a run retains it once.
package struct RecordRun {
    /// The slot that was given to the partition when it was assigned.
    package let slot: Int
    /// The records. Their bytes are valid as long as the run is kept.
    package let records: ArraySlice<FetchedRecord>
    private let owner: AnyObject?

    /// - Parameter owner: the object that keeps the memory of the keys and values alive.
    package init(slot: Int, _ records: ArraySlice<FetchedRecord>, ownedBy owner: AnyObject) {
        self.init(slot: slot, records, owner: owner)
    }

    private init(slot: Int, _ records: ArraySlice<FetchedRecord>, owner: AnyObject?) {
        self.slot = slot
        self.records = records
        self.owner = owner
    }

    /// Makes an empty run.
    init() { self.init(slot: -1, [], owner: nil) }

    package var count: Int { records.count }
    package var isEmpty: Bool { records.isEmpty }
    /// The offset after the last record; `nil` for an empty run.
    package var nextOffset: Int64? { records.last.map { $0.offset + 1 } }

    /// Returns the records before an offset, and those from it on.
    package func split(at offset: Int64) -> (before: RecordRun, rest: RecordRun) {
        let end = records.firstIndex { $0.offset >= offset } ?? records.endIndex
        return (
            RecordRun(slot: slot, records[..<end], owner: owner), RecordRun(slot: slot, records[end...], owner: owner)
        )
    }
}

/// Splits the records of a poll, in their order, into runs.
@usableFromInline
package struct RecordRunBuilder {
    @usableFromInline var records: [FetchedRecord] = []
    @usableFromInline var starts: [(slot: Int, index: Int)] = []
    @usableFromInline var lastSlot: Int?

    package init(capacity: Int) { records.reserveCapacity(capacity) }

    @inlinable
    package mutating func append(_ record: consuming FetchedRecord, slot: Int) {
        if slot != lastSlot {
            starts.append((slot, records.count))
            lastSlot = slot
        }
        records.append(record)
    }

    /// - Parameter owner: the object that keeps the memory of all the records' keys and values alive.
    package consuming func runs(ownedBy owner: AnyObject) -> [RecordRun] {
        var runs: [RecordRun] = []
        runs.reserveCapacity(starts.count)
        for (number, start) in starts.enumerated() {
            let end = number + 1 < starts.count ? starts[number + 1].index : records.count
            runs.append(RecordRun(slot: start.slot, records[start.index..<end], ownedBy: owner))
        }
        return runs
    }
}
