package import MillraceVectors

/// An index of Millrace with keys, segments and commits, as applications search it.
package final class IndexSubject: SearchSubject {
    package let name: String
    package let buildCPUSeconds: Double?
    package let snapshot: IndexSnapshot
    private let queries: [[Float]]

    /// Makes an index in memory, on this thread.
    ///
    /// - Parameter commitCount: the number of vectors in each commit; `nil` to make the index anew from all of them, as from a store that
    ///   was there before it.
    /// - Parameter ranks: the attribute ``rank`` of each vector; none by default.
    package init(
        _ set: VectorSet, element: VectorElement = .float32, commitCount: Int?, ranks: [Double] = [],
        named name: String
    ) throws {
        self.name = name
        queries = set.queries
        let schema = try AttributeSchema(ranks.isEmpty ? [] : [.init(name: Self.rank, kind: .number)])
        let format = try IndexFormat(
            dimensions: set.dimensions, metric: .cosine, element: element, attributes: schema)
        @Sendable func attributes(_ row: Int) -> [AttributeValue?] { ranks.isEmpty ? [] : [.number(ranks[row])] }
        let core = try IndexCore(format)
        let meter = ThreadMeter()
        if let commitCount {
            for row in 0..<set.count {
                try core.set(Self.key(of: row), to: set.vector(row), attributes: attributes(row))
                if row % commitCount == commitCount - 1 { _ = try core.commit(at: "\(row)") }
            }
        } else {
            try core.rebuildAttributed { body in
                for row in 0..<set.count {
                    let key = Self.key(of: row)
                    if try !key.withUnsafeBytes({ try body($0, set.vector(row), attributes(row)) }) { return }
                }
            }
        }
        snapshot = try core.commit(at: "\(set.count)")
        buildCPUSeconds = meter.cpuSeconds
    }

    /// The name of the attribute.
    static let rank = "rank"

    package var sizeInBytes: Int { snapshot.measures.sizeInBytes }
    package var segmentCount: Int { snapshot.measures.segmentCount }

    static func key(of row: Int) -> [UInt8] {
        let row = UInt32(truncatingIfNeeded: row)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: row >> UInt32($0)) }
    }

    /// Returns the row that has a key, −1 if it is none.
    @inline(__always)
    static func row(of key: UnsafeRawBufferPointer) -> Int32 {
        key.count == 4 ? Int32(bitPattern: UInt32(bigEndian: key.loadUnaligned(as: UInt32.self))) : -1
    }

    package func search(effort: Int, count: Int, repetitions: Int) throws -> SearchRun {
        try search(effort: effort, count: count, repetitions: repetitions, matching: nil)
    }

    /// Searches for all queries, with a filter.
    func search(
        effort: Int?, count: Int, repetitions: Int, matching filter: AttributeFilter? = nil,
        where mayReturn: ((UnsafeRawBufferPointer) -> Bool)? = nil
    ) throws -> SearchRun {
        var found: [Int32] = []
        let meter = ThreadMeter()
        for _ in 0..<repetitions {
            found.removeAll(keepingCapacity: true)
            for query in queries {
                let nearest = try snapshot.search(
                    near: query, count: count, effort: effort, matching: filter, where: mayReturn)
                for place in 0..<count {
                    found.append(place < nearest.count ? nearest[place].key.withUnsafeBytes(Self.row(of:)) : -1)
                }
            }
        }
        return SearchRun(
            queries: queries.count * repetitions, seconds: meter.seconds, cpuSeconds: meter.cpuSeconds,
            clientCPUSeconds: 0, found: found)
    }
}
