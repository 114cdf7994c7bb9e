/// When an index makes segments.
package struct IndexSettings: Sendable {
    /// How many rows are compared one by one before a graph is made of them.
    package var tailCount: Int
    /// How many segments of about the same size are merged into one.
    package var mergedCount = 4
    /// The share of dead rows from which on a segment is made anew.
    package var deadShare = 0.25
    /// How many full tails may wait for their graphs; a commit waits while there are more.
    package var waitingTails = 8
    /// How many segments there may be; while there are more, full tails wait for a merge that goes on.
    package var segmentLimit = 32
    /// How graphs are built.
    package var graph = GraphParameters()

    /// How the graphs of segments of a size are built: small ones with a third of the effort, for a small graph misses little, and they are
    /// merged soon.
    func graph(_ size: BuildSize) -> GraphParameters {
        var graph = graph
        if size == .small { graph.buildEffort = max(min(graph.buildEffort, graph.links), graph.buildEffort / 3) }
        return graph
    }

    /// The settings for a format: a tail of at most 4 MiB and 8,192 rows.
    package init(for format: IndexFormat) {
        tailCount = max(256, min(8_192, (4 << 20) / format.exact.strideInBytes))
    }
}
