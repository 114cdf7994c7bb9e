extension IndexSnapshot {
    /// Returns the entries nearest to a vector, nearest first; of equally near ones those with lower keys.
    ///
    /// - Parameters:
    ///   - vector: the components.
    ///   - count: how many entries at most. There are fewer only if no more pass the filters.
    ///   - effort: how many candidates the search of a graph keeps; `nil` to compare all entries, which finds the true nearest.
    ///   - filter: the condition on the entries' attributes; `nil` for none.
    ///   - mayReturn: whether the entry of a key may be returned; `nil` for every entry. It is asked as seldom as possible, for it may take
    ///     long: once for a key, in the order of nearness.
    /// - Throws: `VectorProblem` if the vector cannot be compared, or with code `.invalidFilter`; what `mayReturn` throws.
    package func search(
        near vector: [Float], count: Int, effort: Int? = NeighborGraph.defaultEffort,
        matching filter: AttributeFilter? = nil,
        where mayReturn: ((_ key: UnsafeRawBufferPointer) throws -> Bool)? = nil
    ) throws -> [Hit] {
        let filter = try filter.map { filter throws(VectorProblem) in try format.attributes.resolve(filter) }
        let query = try PreparedQuery(vector, format: format.exact)
        if count <= 0 { return [] }
        if let mayReturn {
            return try ask(mayReturn, query, vector, count: count, effort: effort, matching: filter)
        }
        let found = try find(query, vector, count: count, effort: effort, matching: filter)
        if effort != nil, filter == nil, recall.isDue() {
            let expected = Set(try find(query, vector, count: count, effort: nil, matching: nil).map(\.key))
            recall.record(found: found.reduce(0) { $0 + (expected.contains($1.key) ? 1 : 0) }, of: expected.count)
        }
        return found
    }

    private var parts: [BuildSource] { segments.map(BuildSource.segment) + tails.map(BuildSource.tail) }

    /// Searches all parts, one after the other: first the tails and the largest segment.
    private func find(
        _ query: PreparedQuery, _ vector: [Float], count: Int, effort: Int?, matching filter: ResolvedFilter?
    ) throws -> [Hit] {
        var nearest = NearestHits(count: count)
        let codes = effort == nil ? nil : tails.lazy.compactMap(\.codes).first?.format
        let codedQuery = try codes.map { format throws(VectorProblem) in try PreparedQuery(vector, format: format) }
        for tail in tails {
            let part = BuildSource.tail(tail)
            let fits = part.rowFilter(filter, at: commit)
            var found: [Neighbor]?
            if let codedQuery, let codes = tail.codes {
                found = try CodedScan.nearestWithTies(
                    query, codedQuery, rows: tail.rows, codes: codes, count: count, where: fits.mayReturn)
            }
            nearest.take(try found ?? scan(part, query, count: count, fits)) { hit(part, $0) }
        }
        for (place, segment) in segments.sorted(by: { $0.count > $1.count }).enumerated() {
            let part = BuildSource.segment(segment)
            let fits = part.rowFilter(filter, at: commit)
            func search(_ effort: Int) throws -> [Neighbor] {
                try segment.search(query, vector, count: count, effort: effort, fits)
            }
            guard let effort else {
                nearest.take(try scan(part, query, count: count, fits)) { hit(part, $0) }
                continue
            }
            // One of several segments mostly has few of the nearest, which fewer candidates find.
            let few = effort / 3
            if place > 0, count <= few / 2 {
                let found = try search(few)
                if nearest.count(takenOf: found) <= count / 4 {
                    nearest.take(found) { hit(part, $0) }
                    continue
                }
            }
            nearest.take(try search(effort)) { hit(part, $0) }
        }
        return nearest.hits
    }

    private func scan(
        _ part: BuildSource, _ query: PreparedQuery, count: Int, _ fits: RowFilter
    ) throws -> [Neighbor] {
        try withExtendedLifetime(part) {
            try ExactScan.nearestWithTies(
                query, rows: part.rows, count: count, where: fits.mayReturn, among: fits.candidates)
        }
    }

    private func hit(_ part: BuildSource, _ neighbor: Neighbor) -> Hit {
        Hit(key: part.withKey(neighbor.row) { Array($0) }, distance: neighbor.distance)
    }

    // MARK: With a question for each entry

    /// The most candidates that a search gathers before it compares all rows.
    private static let mostCandidates = 1_024

    /// Searches without the question, asks it about what was found, nearest first, and searches for more if too few pass.
    private func ask(
        _ mayReturn: (UnsafeRawBufferPointer) throws -> Bool, _ query: PreparedQuery, _ vector: [Float], count: Int,
        effort: Int?, matching filter: ResolvedFilter?
    ) throws -> [Hit] {
        var answers: [[UInt8]: Bool] = [:]
        func passes(_ key: [UInt8]) throws -> Bool {
            if let answer = answers[key] { return answer }
            let answer = try key.withUnsafeBytes(mayReturn)
            answers[key] = answer
            return answer
        }
        if let effort {
            var kept = max(count, effort)
            while kept <= max(Self.mostCandidates, effort) {
                let hits = try find(query, vector, count: kept, effort: kept, matching: filter)
                var passing: [Hit] = []
                for hit in hits where try passes(hit.key) {
                    passing.append(hit)
                    if passing.count == count { return passing }
                }
                if hits.count < kept { return passing }
                kept *= 4
            }
        }
        // Each key is met once there, so that no new answers need be kept.
        return try askAll(
            { key in try answers[key] ?? key.withUnsafeBytes(mayReturn) }, query, count: count, matching: filter)
    }

    /// Compares all rows, and asks about them in the order of nearness until enough pass. Takes 8 bytes of memory for each row.
    private func askAll(
        _ passes: ([UInt8]) throws -> Bool, _ query: PreparedQuery, count: Int, matching filter: ResolvedFilter?
    ) throws -> [Hit] {
        let parts = parts
        var found: [Hit] = []
        for part in parts {
            let fits = part.rowFilter(filter, at: commit)
            // Most rows are never asked about, so that sorting them all would take longer.
            var nearest = KeyHeap()
            let scratch = SearchScratch(nodeCount: 0, listCapacity: 0)
            withExtendedLifetime((query, part)) {
                ExactScan.visit(
                    query, rows: part.rows, scratch: scratch, mayReturn: fits.mayReturn, among: fits.candidates
                ) { nearest.push($0) }
            }
            let bound = found.count < count ? nil : found.last
            var new: [Hit] = []
            while let key = nearest.pop() {
                // Equally near entries are ordered by their keys.
                if new.count >= count, let last = new.last, last.distance < key.distance { break }
                let hit = hit(part, Neighbor(row: Int(key.node), distance: key.distance))
                // Those behind are farther than what other parts have found.
                if let bound, bound.distance < hit.distance { break }
                if try passes(hit.key) { new.append(hit) }
            }
            found = Array((found + new).sorted { $0.isNearer(than: $1) }.prefix(count))
        }
        return found
    }
}

extension IndexSnapshot.Hit {
    func isNearer(than other: IndexSnapshot.Hit) -> Bool {
        distance == other.distance ? key.lexicographicallyPrecedes(other.key) : distance < other.distance
    }
}

/// The nearest entries of the parts that were searched so far.
private struct NearestHits {
    let count: Int
    private(set) var hits: [IndexSnapshot.Hit] = []

    init(count: Int) { self.count = count }

    /// How many of a part's rows are among the nearest of all parts so far.
    func count(takenOf found: [Neighbor]) -> Int { found.prefix(while: isNear).count }

    private func isNear(_ neighbor: Neighbor) -> Bool {
        guard hits.count >= count, let last = hits.last else { return true }
        return neighbor.distance <= last.distance
    }

    /// Takes over what is near enough.
    mutating func take(_ found: [Neighbor], _ hit: (Neighbor) -> IndexSnapshot.Hit) {
        let nearer = found.prefix(while: isNear)
        if nearer.isEmpty { return }
        hits += nearer.map(hit)
        hits.sort { $0.isNearer(than: $1) }
        if hits.count > count { hits.removeLast(hits.count - count) }
    }
}

/// Which rows of a part may be found: whether a row is one of them, `nil` if all are; and the rows among which they are, if these are known.
private typealias RowFilter = (mayReturn: ((Int) -> Bool)?, candidates: RowCandidates?)

extension Segment {
    fileprivate func search(
        _ query: PreparedQuery, _ vector: [Float], count: Int, effort: Int, _ fits: RowFilter
    ) throws -> [Neighbor] {
        try withExtendedLifetime(self) {
            if let rescored {
                return try rescored.search(
                    near: vector, count: count, effort: effort, where: fits.mayReturn, among: fits.candidates)
            }
            return try graph.search(
                query, count: count, effort: effort, where: fits.mayReturn, among: fits.candidates)
        }
    }
}

extension BuildSource {
    /// The rows that are alive at a commit and fit a filter.
    fileprivate func rowFilter(
        _ filter: ResolvedFilter?, at commit: UInt32
    ) -> RowFilter {
        let deaths = deaths
        guard let filter else {
            return (deaths.count > 0 ? { row in !deaths.isDead(row, at: commit) } : nil, nil)
        }
        switch self {
        case .segment(let segment):
            let filter = SegmentFilter(filter, columns: segment.attributes.columns)
            return ({ row in filter.fits(row) && !deaths.isDead(row, at: commit) }, filter.candidates)
        case .tail(let tail):
            let columns = tail.attributes
            return (
                { row in !deaths.isDead(row, at: commit) && filter.fits { columns.value($0, row) } }, nil
            )
        }
    }
}
