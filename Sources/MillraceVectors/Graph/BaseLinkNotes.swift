import CVectorKernels

/// The builder's notes on the lists of the layer of all nodes, beside the links. They are needed while building only, and save computing
/// distances again.
final class BaseLinkNotes {
    /// The distance of each link, in the places of the links.
    let distances: UnsafeMutablePointer<Float>
    /// The length of each list.
    let lengths: UnsafeMutablePointer<UInt8>
    /// The number of links at the beginning of each list were chosen together; they are sorted by distance.
    let chosenLengths: UnsafeMutablePointer<UInt8>
    private let allocation: UnsafeMutableRawPointer

    init(nodeCount: Int, listCapacity: Int) throws(VectorProblem) {
        let distanceSize = (nodeCount * listCapacity * 4 + 63) / 64 * 64
        guard let allocation = millrace_allocate(distanceSize + 2 * nodeCount) else {
            throw VectorProblem(.outOfMemory, "there is no memory for the links of \(nodeCount) nodes")
        }
        self.allocation = allocation
        distances = allocation.bindMemory(to: Float.self, capacity: nodeCount * listCapacity)
        lengths = (allocation + distanceSize).bindMemory(to: UInt8.self, capacity: nodeCount)
        chosenLengths = (allocation + distanceSize + nodeCount).bindMemory(to: UInt8.self, capacity: nodeCount)
    }

    deinit { millrace_free(allocation) }
}
