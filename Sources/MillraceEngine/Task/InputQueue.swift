import DequeModule
import Millrace

/// The fetched records of one partition that wait to be processed, the first of them decoded. Kafka: `RecordQueue`.
///
/// Records arrive in the runs of a poll and stay in the poll's memory: a record is neither copied nor retained on its way through
/// the queue.
final class InputQueue {
    let partition: TopicPartition
    /// The queue's index in its task.
    let index: Int
    private let reader: SourceReader
    private var waiting: Deque<(run: RecordRun, sizeInBytes: Int)> = []
    private var waitingCount = 0
    /// The run that is being processed.
    private var run = RecordRun()
    /// The index in the run of the next record.
    private var next = 0
    /// Whether that record is decoded.
    private(set) var isDecoded = false
    private var headTimestampMs: Int64 = -1
    /// The decoded record. It is changed in place, so that the name of the topic is copied only once.
    private let raw: UnsafeMutablePointer<RawRecord>
    /// The highest timestamp processed so far; −1 while there is none. Committed as offset metadata.
    var partitionTimeMs: Int64 = -1
    /// The next offset to read after everything that was processed or dropped; `nil` before the first.
    private(set) var nextOffset: Int64?
    /// The end that was reached. Between the last record and the end there may be marks of transactions, which are no records.
    private var reachedEnd: Int64?
    /// The group's committed offset when reading began; `nil` if there was none.
    var committedOffset: Int64?
    /// The size in bytes of the runs that are not being processed yet.
    private(set) var sizeInBytes = 0

    init(partition: TopicPartition, index: Int, reader: SourceReader) {
        self.partition = partition
        self.index = index
        self.reader = reader
        raw = .allocate(capacity: 1)
        raw.initialize(
            to: RawRecord(
                topic: partition.topic, partition: partition.partition, offset: 0, timestampMs: 0, key: nil, value: nil)
        )
    }

    deinit {
        raw.deinitialize(count: 1)
        raw.deallocate()
    }

    /// The number of waiting records, including the decoded one.
    var count: Int { waitingCount + run.records.endIndex - next }

    func append(_ run: RecordRun) {
        if run.isEmpty { return }
        let size = Self.sizeInBytes(of: run.records)
        waiting.append((run, size))
        waitingCount += run.count
        sizeInBytes += size
    }

    /// Records that everything before an offset has been appended, and that the partition ends there.
    func recordEnd(at offset: Int64) {
        reachedEnd = offset
        if count == 0 { passMarks() }
    }

    /// Treats the marks behind the last record as processed. Otherwise the group would never reach the end of a topic that ends with them.
    private func passMarks() {
        if let end = reachedEnd, let next = nextOffset ?? committedOffset, end > next { nextOffset = end }
    }

    /// Treats everything before an offset as processed.
    func begin(at offset: Int64) { nextOffset = offset }

    /// Forgets fetched but unprocessed records, and the position of reading.
    func clear() {
        waiting.removeAll()
        waitingCount = 0
        run = RecordRun()
        next = 0
        isDecoded = false
        nextOffset = nil
        reachedEnd = nil
        sizeInBytes = 0
    }

    /// Decodes records until one is valid. Returns its timestamp, or `nil` if none is left.
    func fill() throws -> Int64? {
        while !isDecoded {
            guard next < run.records.endIndex || startNextRun() else {
                passMarks()
                return nil
            }
            if let timestampMs = try decode() {
                headTimestampMs = timestampMs
                isDecoded = true
            } else {
                nextOffset = run.records[next].offset + 1
                next += 1
            }
        }
        return headTimestampMs
    }

    /// Processes the decoded record.
    func process() throws {
        guard isDecoded else { return }
        partitionTimeMs = max(partitionTimeMs, headTimestampMs)
        try reader.process()
        nextOffset = run.records[next].offset + 1
        next += 1
        isDecoded = false
    }

    /// The decoded record with its metadata.
    var current: RawRecord? { isDecoded ? raw.pointee : nil }

    /// The first record that waits, decoded or not.
    var firstRecord: FetchedRecord? {
        next < run.records.endIndex ? run.records[next] : waiting.first?.run.records.first
    }

    /// The decoded record's metadata.
    var currentMetadata: RecordMetadata? {
        guard isDecoded else { return nil }
        return RecordMetadata(topic: partition.topic, partition: partition.partition, offset: run.records[next].offset)
    }

    private func startNextRun() -> Bool {
        guard let (first, size) = waiting.popFirst() else {
            // Releases the poll's memory.
            run = RecordRun()
            next = 0
            return false
        }
        run = first
        next = first.records.startIndex
        waitingCount -= first.count
        sizeInBytes -= size
        return true
    }

    private func decode() throws -> Int64? {
        raw.pointee.offset = run.records[next].offset
        raw.pointee.timestampMs = run.records[next].timestampMs
        raw.pointee.headers = run.records[next].headers
        raw.pointee.key = run.records[next].key
        raw.pointee.value = run.records[next].value
        return try reader.decode(raw, partitionTimeMs)
    }

    private static func sizeInBytes(of records: ArraySlice<FetchedRecord>) -> Int {
        // An iterator would copy each record.
        records.withUnsafeBufferPointer { records in
            var size = 0
            for index in records.indices { size += records[index].sizeInBytes }
            return size
        }
    }
}
