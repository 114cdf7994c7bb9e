import KafkaClient

/// The most that an explanation reads of the log, which also bounds the memory that it takes.
package struct ExplainBounds: Sendable, Hashable {
    /// The number of records of all partitions together. 100,000 by default.
    package var records: Int64 = 100_000
    /// The size of their keys, values and headers together, in bytes. 64 MiB by default. It is looked at as the records come, so a few
    /// that are fetched together may be beyond it.
    package var sizeInBytes = 64 << 20

    package init() {}

    /// Cuts slices to their ends, so that they have no more than some records together.
    ///
    /// Half of the records is the key's own partition's, and more if the others need less. Among these a small one is kept whole, such as
    /// the topic of a table, before a large one gets more.
    ///
    /// - Parameter records: the number of records, or of offsets.
    static func cut(
        _ slices: [TopicPartition: Range<Int64>], of key: TopicPartition, to records: Int64
    ) -> [TopicPartition: Range<Int64>] {
        let others = slices.filter { $0.key != key && !$0.value.isEmpty }
            .sorted { ($0.value.count, $0.key) < ($1.value.count, $1.key) }
        let wanted = Self.total(others.map(\.value))
        var cut: [TopicPartition: Range<Int64>] = [:]
        var rest = records
        if let own = slices[key], !own.isEmpty {
            let share = max(1, records / 2, wanted < records ? records - wanted : 0)
            cut[key] = own.suffix(share)
            rest = max(0, records - min(share, Int64(own.count)))
        }
        for (index, other) in others.enumerated() {
            let share = min(Int64(other.value.count), rest / Int64(others.count - index))
            if share > 0 { cut[other.key] = other.value.suffix(share) }
            rest -= share
        }
        return cut
    }

    /// The number of offsets in slices; `Int64.max` if there are more.
    static func total(_ slices: some Sequence<Range<Int64>>) -> Int64 {
        slices.reduce(0) { sum, slice in
            let (next, overflows) = sum.addingReportingOverflow(Int64(slice.count))
            return overflows ? .max : next
        }
    }
}

extension Range<Int64> {
    /// The range's last offsets, at most this many.
    func suffix(_ count: Int64) -> Range<Int64> {
        Int64(self.count) <= count ? self : upperBound - Swift.max(0, count)..<upperBound
    }
}
