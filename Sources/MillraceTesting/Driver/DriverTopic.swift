import Millrace
import MillraceEngine

/// A topic of a test driver: who reads it, what was written to it and not read yet, and what a restart needs of it.
final class DriverTopic {
    /// A record that was written.
    struct Written {
        var partition: Int32
        var offset: Int64
        var key: [UInt8]?
        var value: [UInt8]?
        var timestampMs: Int64
        var headers: Headers
    }

    let name: String
    let partitionCount: Int32
    /// Which task reads each partition, by its place among the driver's; `nil` where none does.
    var readers: [Int?]
    /// Whether stores are restored from the topic, and so its records kept.
    var isChangelog = false
    /// Whether of several records of a key only the last one counts, so that the others need not be kept.
    var isCompacted = true
    private(set) var nextOffsets: [Int64]
    private var unread: [Written] = []
    private var nextUnread = 0
    private var kept: [[Written]]
    private var compactionLimits: [Int]

    init(name: String, partitionCount: Int32) {
        self.name = name
        self.partitionCount = partitionCount
        readers = Array(repeating: nil, count: Int(partitionCount))
        nextOffsets = Array(repeating: 0, count: Int(partitionCount))
        kept = Array(repeating: [], count: Int(partitionCount))
        compactionLimits = Array(repeating: 10_000, count: Int(partitionCount))
    }

    var isRead: Bool { readers.contains { $0 != nil } }

    /// Gives a record its offset and, where stores are restored from the topic, keeps it.
    func append(
        partition: Int32, key: [UInt8]?, value: [UInt8]?, timestampMs: Int64, headers: Headers
    ) -> Written {
        let index = Int(partition)
        let record = Written(
            partition: partition, offset: nextOffsets[index], key: key, value: value, timestampMs: timestampMs,
            headers: headers)
        nextOffsets[index] += 1
        if isChangelog { keep(record, at: index) }
        return record
    }

    // MARK: Results

    var unreadCount: Int { unread.count - nextUnread }

    /// Whether the topology has written to the topic.
    private(set) var isProduced = false

    func appendUnread(_ record: Written) {
        isProduced = true
        unread.append(record)
    }

    func popUnread() -> Written? {
        guard nextUnread < unread.count else { return nil }
        defer {
            nextUnread += 1
            if nextUnread == unread.count {
                unread.removeAll()
                nextUnread = 0
            }
        }
        return unread[nextUnread]
    }

    // MARK: Restoring

    /// The records of a partition from an offset on, as far as they are kept.
    func records(of partition: Int32, from offset: Int64) -> [Written] {
        Array(kept[Int(partition)].drop { $0.offset < offset })
    }

    private func keep(_ record: Written, at index: Int) {
        kept[index].append(record)
        guard isCompacted, kept[index].count > compactionLimits[index] else { return }
        var seen: Set<[UInt8]> = []
        let newest = kept[index].reversed().filter { $0.key.map { seen.insert($0).inserted } ?? false }
        kept[index] = newest.reversed()
        compactionLimits[index] = max(10_000, 2 * kept[index].count)
    }
}
