import CVectorKernels

/// The memory of a graph that is built here, which becomes the graph's. Only the builder writes to it.
// The builder is used up when a graph has it.
final class GraphStorage: @unchecked Sendable {
    let nodeCount: Int
    let links: Int

    private var baseLinks: OwnedNumbers
    private var packed: PackedLinks?
    private var upperNodes = OwnedNumbers()
    private var upperOffsets = OwnedNumbers()
    private var upperLinks = OwnedNumbers()
    private var twins: OwnedNumbers?

    init(nodeCount: Int, links: Int) throws(VectorProblem) {
        self.nodeCount = nodeCount
        self.links = links
        baseLinks = try OwnedNumbers(repeating: noNode, count: nodeCount * 2 * links)
    }

    var base: BaseLayer { BaseLayer(lists: UnsafePointer(baseLinks.numbers), listCapacity: 2 * links) }

    /// The upper layers now; adding an upper node may move them.
    var upper: UpperLayers {
        UpperLayers(
            nodes: UnsafePointer(upperNodes.numbers), offsets: UnsafePointer(upperOffsets.numbers),
            lists: UnsafePointer(upperLinks.numbers), listCapacity: links, count: upperNodes.count)
    }

    func baseList(of node: UInt32) -> UnsafeMutablePointer<UInt32> { baseLinks.numbers + Int(node) * 2 * links }

    func list(of upperNode: UInt32, level: Int) -> UnsafeMutablePointer<UInt32> {
        upperLinks.numbers + (Int(upperOffsets.numbers[Int(upperNode)]) + level - 1) * links
    }

    /// Adds an upper node with empty lists on layers 1 up to its height, and returns its number.
    func addUpperNode(row: UInt32, height: Int) throws(VectorProblem) -> UInt32 {
        if upperOffsets.count == 0 { try upperOffsets.append(0, count: 1) }
        let lists = upperLinks.count / links + height
        guard lists < Int(UInt32.max) else {
            throw VectorProblem(.invalidRow, "the upper layers have no room for row \(row)")
        }
        try upperNodes.append(row, count: 1)
        try upperOffsets.append(UInt32(lists), count: 1)
        try upperLinks.append(noNode, count: height * links)
        return UInt32(upperNodes.count - 1)
    }

    /// Puts a node into the chain of one that has an equal row.
    func chain(_ node: UInt32, to first: UInt32) throws(VectorProblem) {
        let chains: OwnedNumbers
        if let twins {
            chains = twins
        } else {
            chains = try OwnedNumbers(repeating: noNode, count: nodeCount)
            twins = chains
        }
        chains.numbers[Int(node)] = chains.numbers[Int(first)]
        chains.numbers[Int(first)] = node
    }

    /// Packs the layer of all nodes and returns the graph. Nothing can be added any more.
    ///
    /// - Throws: `outOfMemory`; `invalidRow` if there are too many links.
    func sections(entry: UInt32) throws(VectorProblem) -> GraphSections {
        let packed = try PackedLinks(base, nodeCount: nodeCount)
        self.packed = packed
        baseLinks = OwnedNumbers()
        return GraphSections(
            nodeCount: nodeCount, links: links, entry: entry, baseOffsets: packed.offsets.bytes,
            baseLinks: packed.links.bytes, upperNodes: upperNodes.bytes, upperOffsets: upperOffsets.bytes,
            upperLinks: upperLinks.bytes,
            twins: twins?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
    }
}

/// Numbers at a multiple of 64 bytes, to which more can be added.
final class OwnedNumbers {
    private(set) var numbers: UnsafeMutablePointer<UInt32>
    private(set) var count = 0
    private var capacity = 0
    private var allocation: UnsafeMutableRawPointer?

    init() { numbers = Self.none.pointer }

    convenience init(repeating number: UInt32, count: Int) throws(VectorProblem) {
        self.init()
        try append(number, count: count)
    }

    deinit { if let allocation { millrace_free(allocation) } }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: allocation, count: count * 4) }

    /// Adds a number several times; the numbers may move.
    func append(_ number: UInt32, count added: Int) throws(VectorProblem) {
        if count + added > capacity {
            let larger = max(count + added, capacity * 2, 16)
            guard let memory = millrace_allocate(larger * 4) else {
                throw VectorProblem(.outOfMemory, "there is no memory for \(larger) links")
            }
            let moved = memory.bindMemory(to: UInt32.self, capacity: larger)
            moved.update(from: numbers, count: count)
            if let allocation { millrace_free(allocation) }
            (allocation, numbers, capacity) = (memory, moved, larger)
        }
        (numbers + count).update(repeating: number, count: added)
        count += added
    }

    /// The target of the pointer of no numbers; never read or written.
    private static let none = NoNumbers()

    // Never read or written.
    private struct NoNumbers: @unchecked Sendable {
        let pointer = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
    }
}
