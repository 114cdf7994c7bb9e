import Millrace

/// The sizes of a store's partitions, as they were measured last. A database has to be asked for its size, so a partition is
/// measured at most once in a lifetime, however often the size is read. There is at most one size for each partition.
struct MeasuredSizes {
    /// The time for which a size is good enough.
    static let lifetime = Duration.seconds(1)

    private struct Measured {
        /// The reader that was measured; a partition that has moved is measured anew.
        weak var reader: (any StoreReader)?
        var size: StoreSize?
        var end: ContinuousClock.Instant
    }

    private var measured: [Int: Measured] = [:]

    /// The number of sizes that are kept.
    var count: Int { measured.count }

    /// Returns the size of a partition; `nil` if it is unknown.
    ///
    /// - Parameters:
    ///   - partition: the partition's number.
    ///   - reader: its reader; `nil` if it cannot be read here, which also forgets its size.
    ///   - now: the time.
    mutating func size(
        of partition: Int, _ reader: (any StoreReader)?, at now: ContinuousClock.Instant
    ) -> StoreSize? {
        guard let reader else {
            measured[partition] = nil
            return nil
        }
        if let known = measured[partition], known.reader === reader, now < known.end { return known.size }
        let size = reader.approximateSize
        measured[partition] = Measured(reader: reader, size: size, end: now.advanced(by: Self.lifetime))
        return size
    }
}
