extension NeighborGraph {
    /// The effort of a search that does not say one.
    package static let defaultEffort = 64

    /// Returns the rows nearest to a query, nearest first; of equally near ones, those with lower numbers.
    ///
    /// There are always `count` of them if so many may be returned: where few rows pass the filter, where the graph does not
    /// lead to enough, or where that costs less, all rows are compared instead.
    ///
    /// - Parameters:
    ///   - query: The vector, prepared for the format of the rows.
    ///   - count: How many rows to return at most.
    ///   - effort: How many candidates the search keeps. More find more of the true neighbours and take longer, about in
    ///     proportion. At least `count` are kept. Default ``defaultEffort``.
    ///   - mayReturn: Whether a row may be returned; the search walks through the others. It is asked only about rows that are near
    ///     enough, or all. Nil for every row. Default nil.
    ///   - candidates: Rows among which all are that pass the filter, if they are known. Default nil.
    /// - Returns: The rows with their distances.
    /// - Throws: `invalidFormat` if the query was prepared for rows of another format.
    package func search(
        _ query: PreparedQuery, count: Int, effort: Int = defaultEffort, where mayReturn: ((Int) -> Bool)? = nil,
        among candidates: RowCandidates? = nil
    ) throws(VectorProblem) -> [Neighbor] {
        guard query.format.hasSameRows(as: rows.format) else {
            throw VectorProblem(.invalidFormat, "the query was prepared for rows of another format")
        }
        let count = min(count, self.count)
        guard count > 0 else { return [] }
        let effort = min(max(count, effort), self.count)
        return withExtendedLifetime((self, query)) {
            scratches.withScratch { scratch in
                guard let mayReturn else { return searchAll(query, count: count, effort: effort, scratch: scratch) }
                return searchSome(
                    query, count: count, effort: effort, scratch: scratch, mayReturn: mayReturn, among: candidates)
            }
        }
    }

    // The costs of a search, in distances that a walk computes. Each of those waits for a row from memory; in a scan rows come in order,
    // so that only long ones take as long. Measured with 100,000 rows of 128 and 20,000 of 1,536 floats, and a filter that looks
    // up a bit.
    private static let distancesPerNode = 12
    private static let filteredRowCost = 0.1
    private var scannedRowCost: Double { max(0.25, min(1, Double(rows.format.strideInBytes) / 2_048)) }

    private func searchAll(
        _ query: PreparedQuery, count: Int, effort: Int, scratch: SearchScratch
    ) -> [Neighbor] {
        let scanCost = Double(self.count) * scannedRowCost
        guard Double(effort * Self.distancesPerNode) < scanCost else {
            return scan(query, count: count, scratch: scratch)
        }
        var pool = startingPool(query, effort: effort, scratch: scratch)
        graph.walk(base, query: query.pointer, pool: &pool, scratch: scratch)
        var found: [Neighbor] = []
        found.reserveCapacity(count)
        for index in 0..<pool.count where found.count < count {
            let key = pool.keys[index]
            found.append(Neighbor(row: Int(key.node), distance: key.distance))
            guard let twins = graph.twins else { continue }
            var twin = twins[Int(key.node)]
            while twin != noNode, found.count < count {
                found.append(Neighbor(row: Int(twin), distance: key.distance))
                twin = twins[Int(twin)]
            }
        }
        return found.count == count ? found : scan(query, count: count, scratch: scratch)
    }

    /// A pool with the node that the upper layers lead to, and a new round in which only that one was visited.
    private func startingPool(_ query: PreparedQuery, effort: Int, scratch: SearchScratch) -> NeighborPool {
        let first = start(query, scratch: scratch)
        scratch.beginRound()
        scratch.visited[Int(first.node)] = scratch.round
        var pool = scratch.pool(capacity: effort)
        _ = pool.insert(first)
        return pool
    }

    private func start(_ query: PreparedQuery, scratch: SearchScratch) -> NodeKey {
        guard graph.upper.count > 0 else {
            let distance = graph.distance(query.pointer, row: sections.entry)
            return NodeKey(distance: distance, node: sections.entry)
        }
        let best = graph.descend(
            from: sections.entry, top: graph.upper.height(of: sections.entry), bottom: 1, query: query.pointer,
            scratch: scratch)
        return NodeKey(distance: best.distance, node: graph.upper.nodes[Int(best.id)])
    }

    private func scan(
        _ query: PreparedQuery, count: Int, scratch: SearchScratch, mayReturn: ((Int) -> Bool)? = nil,
        among candidates: RowCandidates? = nil
    ) -> [Neighbor] {
        ExactScan.nearest(
            query, rows: rows, count: count, scratch: scratch, mayReturn: mayReturn, among: candidates)
    }

    // MARK: With a filter

    private func searchSome(
        _ query: PreparedQuery, count: Int, effort: Int, scratch: SearchScratch, mayReturn: (Int) -> Bool,
        among candidates: RowCandidates?
    ) -> [Neighbor] {
        let considered = candidates?.count ?? self.count
        let share = sampledShare(mayReturn, among: candidates)
        if candidates == nil, share >= Self.plainShare,
            let found = walkPlainly(
                query, count: count, effort: effort, share: share, scratch: scratch, mayReturn: mayReturn)
        {
            return found
        }
        let passing = share * Double(considered)
        // The walk goes on until it has met enough rows that pass: the fewer pass, the longer it is.
        let walkCost = Double(effort * Self.distancesPerNode) * Double(self.count) / max(passing, 0.5)
        // Candidates lie apart, so each of their distances waits for memory.
        let scanCost =
            Double(considered) * Self.filteredRowCost + passing * (candidates == nil ? scannedRowCost : 1)
        if walkCost < scanCost,
            let found = walkFiltered(
                query, count: count, effort: effort, limit: Int(scanCost), scratch: scratch, mayReturn: mayReturn)
        {
            return found
        }
        return withoutActuallyEscaping(mayReturn) { mayReturn in
            scan(query, count: count, scratch: scratch, mayReturn: mayReturn, among: candidates)
        }
    }

    /// From which share of passing rows on all are looked for at first.
    private static let plainShare = 0.5

    /// Searches as if all rows passed, with up to one and a half times as many candidates, and keeps those that pass: the quickest way if
    /// most do.
    ///
    /// - Returns: nil if far fewer pass here than elsewhere, so that the search might miss more than usual.
    private func walkPlainly(
        _ query: PreparedQuery, count: Int, effort: Int, share: Double, scratch: SearchScratch,
        mayReturn: (Int) -> Bool
    ) -> [Neighbor]? {
        let wanted = min(self.count, Int(Double(effort) * (2 - share)))
        guard Double(wanted * Self.distancesPerNode) < Double(self.count) * scannedRowCost else { return nil }
        var pool = startingPool(query, effort: wanted, scratch: scratch)
        graph.walk(base, query: query.pointer, pool: &pool, scratch: scratch)
        var found: [Neighbor] = []
        var passing = 0
        for index in 0..<pool.count {
            let key = pool.keys[index]
            var row = key.node
            while row != noNode {
                if mayReturn(Int(row)) {
                    passing += 1
                    if found.count < count { found.append(Neighbor(row: Int(row), distance: key.distance)) }
                }
                row = graph.twins?[Int(row)] ?? noNode
            }
        }
        return found.count == count && passing * 2 >= effort ? found : nil
    }

    private static let sampleCount = 128

    /// Returns the share of rows that pass the filter, or of the candidates, of a few spread over all. Half a row counts as passing
    /// beyond those, because none in the sample does not mean none.
    private func sampledShare(_ mayReturn: (Int) -> Bool, among candidates: RowCandidates?) -> Double {
        let considered = candidates?.count ?? count
        let samples = min(Self.sampleCount, considered)
        guard samples > 0 else { return 0 }
        var passing = 0.5
        for sample in 0..<samples {
            // The golden ratio spreads them without a period that the rows might have, too.
            let place = Double(sample) * 0.618_033_988_749_894_9
            let index = min(Int((place - place.rounded(.down)) * Double(considered)), considered - 1)
            guard let row = candidates == nil ? index : candidates?.row(index) else { continue }
            if mayReturn(row) { passing += 1 }
        }
        return min(1, passing / Double(samples))
    }

    /// Searches through all nodes for those that pass. The queue of what is expanded next has no bound, because nodes that do not pass
    /// lead to those that do.
    ///
    /// - Returns: Nil if it found too few, or has computed more distances than the limit: where the rows that pass are all far away, a
    ///   walk would go over all others first.
    private func walkFiltered(
        _ query: PreparedQuery, count: Int, effort: Int, limit: Int, scratch: SearchScratch, mayReturn: (Int) -> Bool
    ) -> [Neighbor]? {
        let first = start(query, scratch: scratch)
        scratch.beginRound()
        scratch.visited[Int(first.node)] = scratch.round
        var pool = scratch.pool(capacity: effort)
        scratch.heap.removeAll()
        scratch.heap.push(first)
        offer(first, to: &pool, mayReturn: mayReturn)
        var computed = 0
        while let key = scratch.heap.pop(), pool.takes(key) {
            guard computed <= limit else { return nil }
            let met = graph.expand(key.node, in: base, query: query.pointer, scratch: scratch)
            computed += met
            for index in 0..<met {
                let neighbor = NodeKey(distance: scratch.distances[index], node: scratch.ids[index])
                guard pool.takes(neighbor) else { continue }
                scratch.heap.push(neighbor)
                offer(neighbor, to: &pool, mayReturn: mayReturn)
            }
        }
        guard pool.count >= count else { return nil }
        return (0..<count).map { Neighbor(row: Int(pool.keys[$0].node), distance: pool.keys[$0].distance) }
    }

    /// Puts those of a node and its twins into the pool that pass.
    private func offer(_ key: NodeKey, to pool: inout NeighborPool, mayReturn: (Int) -> Bool) {
        if mayReturn(Int(key.node)) { _ = pool.insert(key) }
        guard let twins = graph.twins else { return }
        var twin = twins[Int(key.node)]
        while twin != noNode {
            let twinKey = NodeKey(distance: key.distance, node: twin)
            if pool.takes(twinKey), mayReturn(Int(twin)) { _ = pool.insert(twinKey) }
            twin = twins[Int(twin)]
        }
    }
}
