/// An index as of one commit. It is immutable, so any thread may search it.
package struct IndexSnapshot: Sendable {
    package let format: IndexFormat
    let segments: [Segment]
    let tails: [TailView]
    /// The number of the commit, for the deaths of rows.
    let commit: UInt32
    /// The number of entries.
    package let count: Int
    /// Whether every entry of the store is in the index. While an index is made anew, some are not.
    package let isComplete: Bool
    package let recall: RecallMeter
    package let searches: SearchMeter
    /// The making of the index anew, while it goes on.
    let rebuild: IndexRebuild?
    /// The reason why the index cannot write its files, such as a full disk; `nil` if it can.
    package var fileProblem: String?

    /// A found entry.
    package struct Hit: Sendable {
        /// The key, as the store's serde writes it.
        package var key: [UInt8]
        package var distance: Float
    }

    /// Returns the vector under a key, as the index keeps it; `nil` if there is none.
    package func vector(of key: UnsafeRawBufferPointer) throws -> [Float]? {
        for segment in segments {
            if let row = segment.row(of: key), !segment.deaths.isDead(row, at: commit) {
                return try segment.exactRows.vector(row)
            }
        }
        for tail in tails {
            for row in 0..<tail.rows.count
            where !tail.deaths.isDead(row, at: commit) && tail.keys[row].withUnsafeBytes({ equal($0, key) }) {
                return try tail.rows.vector(row)
            }
        }
        return nil
    }

    /// The figures of the index.
    package var measures: IndexMeasures {
        IndexMeasures(
            count: count, segmentCount: segments.count, graphCount: segments.reduce(0) { $0 + $1.count },
            deadCount: segments.reduce(0) { $0 + $1.deaths.count },
            tailCount: tails.reduce(0) { $0 + $1.rows.count - $1.deaths.count },
            sizeInBytes: segments.reduce(0) { $0 + $1.sizeInBytes }, isComplete: isComplete, recall: recall.recall,
            fileProblem: fileProblem)
    }
}

/// The figures of an index that operators see.
package struct IndexMeasures: Sendable, Hashable {
    /// The number of entries.
    package var count: Int
    package var segmentCount: Int
    /// The number of rows in graphs, dead ones included.
    package var graphCount: Int
    /// The number of dead rows in graphs.
    package var deadCount: Int
    /// The number of entries that are in no graph yet.
    package var tailCount: Int
    /// The size of the segments.
    package var sizeInBytes: Int
    /// Whether every entry of the store is in the index.
    package var isComplete: Bool
    /// The share of the true nearest entries that searches have found lately, from 0 to 1; `nil` before the first one.
    package var recall: Double?
    /// The reason why the index cannot write its files, such as a full disk; `nil` if it can. It then goes on in memory, and is made anew if
    /// the process ends before there is room again.
    package var fileProblem: String?
}
