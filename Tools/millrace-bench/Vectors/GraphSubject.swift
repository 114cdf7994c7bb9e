import Foundation
package import MillraceVectors

/// A graph of Millrace over the vectors, without keys and commits: what is comparable with a library.
package final class GraphSubject: SearchSubject {
    package let name: String
    package let buildCPUSeconds: Double?
    private let graph: NeighborGraph
    private let rescored: RescoredGraph?
    private let queries: [[Float]]

    /// Builds the graph on this thread.
    package init(
        _ set: VectorSet, element: VectorElement = .float32, parameters: GraphParameters = GraphParameters()
    ) throws {
        name = element == .float32 ? "millrace" : "millrace \(element.rawValue)"
        queries = set.queries
        let format = try IndexFormat(dimensions: set.dimensions, metric: .cosine, element: element)
        let full = try format.full.map { try Self.rows(of: set, format: $0) }
        let meter = ThreadMeter()
        let rows = try Self.rows(of: set, format: format.graph)
        let graph = try GraphBuilder.graph(of: rows, parameters: parameters)
        self.graph = graph
        buildCPUSeconds = meter.cpuSeconds
        rescored = try full.map { try RescoredGraph(graph: graph, fullRows: $0) }
    }

    static func rows(of set: VectorSet, format: RowFormat) throws -> VectorRows {
        let rows = GrowingRows(format: format, expectedCount: set.count)
        for row in 0..<set.count { try rows.append(set.vector(row)) }
        return rows.rows
    }

    /// The rows that the graph compares and its links. The full rows of a graph that only preselects are not in it.
    package var sizeInBytes: Int { graph.count * graph.rows.format.strideInBytes + graph.linkSizeInBytes }
    package var rowSizeInBytes: Int { graph.rows.format.strideInBytes }

    package func search(effort: Int, count: Int, repetitions: Int) throws -> SearchRun {
        var found: [Int32] = []
        found.reserveCapacity(queries.count * count)
        let meter = ThreadMeter()
        for _ in 0..<repetitions {
            found.removeAll(keepingCapacity: true)
            for query in queries {
                let nearest =
                    try rescored?.search(near: query, count: count, effort: effort)
                    ?? graph.search(PreparedQuery(query, format: graph.rows.format), count: count, effort: effort)
                for place in 0..<count {
                    found.append(place < nearest.count ? Int32(truncatingIfNeeded: nearest[place].row) : -1)
                }
            }
        }
        return SearchRun(
            queries: queries.count * repetitions, seconds: meter.seconds, cpuSeconds: meter.cpuSeconds,
            clientCPUSeconds: 0, found: found)
    }
}

extension Truth {
    /// Compares all vectors with every query.
    package init(of set: VectorSet, count: Int) throws {
        let rows = try GraphSubject.rows(
            of: set, format: RowFormat(dimensions: set.dimensions, metric: .cosine, element: .float32))
        self.init(
            count: count,
            rows: try set.queries.map { query in
                let query = try PreparedQuery(query, format: rows.format)
                return Set(
                    try ExactScan.nearest(query, rows: rows, count: count).map { Int32(truncatingIfNeeded: $0.row) })
            })
    }
}
