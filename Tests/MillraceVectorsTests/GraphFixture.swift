import MillraceVectors

/// Clustered vectors, their rows and their graph, and queries from the same clusters.
struct GraphFixture {
    let vectors: [[Float]]
    let queries: [[Float]]
    let rows: VectorRows
    let graph: NeighborGraph

    init(
        count: Int, dimensions: Int = 24, metric: VectorMetric = .euclidean, element: VectorElement = .float32,
        queries: Int = 20, seed: UInt64, parameters: GraphParameters = GraphParameters(links: 8, buildEffort: 48)
    ) throws {
        var source = ClusteredVectors(dimensions: dimensions, clusters: 12, seed: seed)
        vectors = source.next(count)
        self.queries = source.next(queries)
        rows = try Self.rows(of: vectors, dimensions: dimensions, metric: metric, element: element)
        graph = try GraphBuilder.graph(of: rows, parameters: parameters)
    }

    static func rows(
        of vectors: [[Float]], dimensions: Int, metric: VectorMetric, element: VectorElement
    ) throws -> VectorRows {
        let format = try RowFormat(dimensions: dimensions, metric: metric, element: element)
        let rows = GrowingRows(format: format, expectedCount: vectors.count)
        for vector in vectors { try rows.append(vector) }
        return rows.rows
    }

    /// The share of the true nearest that a search finds, over all queries.
    func recall(of count: Int, _ search: ([Float]) throws -> [Neighbor], truth: VectorRows? = nil) throws -> Double {
        var hits = 0
        for query in queries {
            let exact = try ExactScan.nearest(
                PreparedQuery(query, format: (truth ?? rows).format), rows: truth ?? rows, count: count)
            hits += Set(try search(query).map(\.row)).intersection(exact.map(\.row)).count
        }
        return Double(hits) / Double(queries.count * count)
    }

    func prepared(_ query: [Float]) throws -> PreparedQuery { try PreparedQuery(query, format: rows.format) }
}
