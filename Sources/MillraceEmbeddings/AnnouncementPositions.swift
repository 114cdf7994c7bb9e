/// The offsets at which announcements are read on, by partition. They outlive the consumers, so that what comes while one is replaced
/// by another is read by the next.
struct AnnouncementPositions {
    private var next: [Int32: Int64] = [:]

    /// Returns where to read on in each of some partitions.
    ///
    /// - Parameter start: Returns the offset at which the first consumer begins. A partition that appears later has only records that came
    ///   meanwhile, and is read from its beginning.
    mutating func starts(ofPartitions count: Int32, _ start: (Int32) throws -> Int64) rethrows -> [Int64] {
        let partitions = 0..<max(0, count)
        if next.isEmpty {
            // All or none: an error must not make the others look as if they had appeared later.
            let starts = try partitions.map { ($0, try start($0)) }
            next = Dictionary(uniqueKeysWithValues: starts)
        }
        return partitions.map { next[$0] ?? 0 }
    }

    /// Records that a record was read. The offset may be lower than before, if the topic was made anew.
    mutating func read(_ offset: Int64, of partition: Int32) { next[partition] = offset &+ 1 }
}
