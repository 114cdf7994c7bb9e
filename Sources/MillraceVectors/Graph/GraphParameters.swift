/// The settings with which a graph is built.
package struct GraphParameters: Sendable, Hashable {
    /// Links of a node on each upper layer; twice as many on the layer of all nodes. From 2 to 127; more cost memory and time, and
    /// find more. Default 16.
    package var links = 16
    /// The number of nodes that the search for a new node's neighbours keeps; at least 1. More cost time when building, and find more later.
    /// Default 200.
    package var buildEffort = 200
    /// The seed of the nodes' heights. Default 0.
    package var seed: UInt64 = 0

    package init(links: Int = 16, buildEffort: Int = 200, seed: UInt64 = 0) {
        self.links = links
        self.buildEffort = buildEffort
        self.seed = seed
    }

    static let possibleLinks = 2...127
}
