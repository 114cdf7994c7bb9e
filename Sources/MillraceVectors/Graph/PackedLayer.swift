import CVectorKernels

/// The layer of all nodes of a complete graph, packed: `offsets[i]` up to `offsets[i + 1]` are the links of node `i`, which are numbers of as
/// few bits as the count of nodes needs, one after the other from the lowest bit of the first byte on. An id is a row.
///
/// A list that is not full takes no more memory than its links, and most are not: a search reads about a third of the memory that
/// the lists take while the graph is built.
struct PackedLayer: GraphLayer {
    var offsets: UnsafePointer<UInt32>
    var links: UnsafeRawPointer
    /// The bits of a link.
    var width: Int

    static var idsAreRows: Bool { true }

    @inline(__always)
    func list(of id: UInt32) -> PackedList {
        let (first, end) = (Int(offsets[Int(id)]), Int(offsets[Int(id) + 1]))
        return PackedList(links: links, firstBit: first * width, width: width, capacity: end - first)
    }

    @inline(__always)
    func announce(_ id: UInt32) { millrace_prefetch(offsets + Int(id), 1) }

    @inline(__always)
    func prefetch(_ id: UInt32) {
        let (first, end) = (Int(offsets[Int(id)]) * width / 8, Int(offsets[Int(id) + 1]) * width / 8)
        let line = first & ~63
        millrace_prefetch(links + line, end - line + 1)
    }

    @inline(__always)
    func row(of id: UInt32) -> UInt32 { id }

    /// The bits of a link between so many nodes.
    static func width(nodeCount: Int) -> Int { max(1, Int.bitWidth - max(0, nodeCount - 1).leadingZeroBitCount) }

    /// The 32-bit words that links take: a link is read with the 64 bits from its first byte on.
    static func wordCount(linkCount: Int, width: Int) -> Int { (linkCount * width + 31) / 32 + 2 }
}

/// The links of one node.
struct PackedList: LinkList {
    var links: UnsafeRawPointer
    var firstBit: Int
    var width: Int
    var capacity: Int

    @inline(__always)
    subscript(index: Int) -> UInt32 {
        let bit = firstBit + index * width
        let word = links.loadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self)
        return UInt32(truncatingIfNeeded: (word >> UInt64(bit & 7)) & (1 << UInt64(width) - 1))
    }
}

/// The memory of a packed layer.
final class PackedLinks {
    let offsets = OwnedNumbers()
    let links = OwnedNumbers()

    /// Packs lists.
    ///
    /// - Throws: `outOfMemory`; `invalidRow` if there are more links than 32 bits can count.
    init(_ layer: BaseLayer, nodeCount: Int) throws(VectorProblem) {
        if nodeCount == 0 { return }
        try offsets.append(0, count: nodeCount + 1)
        var linkCount = 0
        for node in 0..<nodeCount {
            linkCount += layer.length(of: UInt32(truncatingIfNeeded: node))
            guard let offset = UInt32(exactly: linkCount) else {
                throw VectorProblem(.invalidRow, "\(nodeCount) nodes have more links than a graph can count")
            }
            offsets.numbers[node + 1] = offset
        }
        let width = PackedLayer.width(nodeCount: nodeCount)
        try links.append(0, count: PackedLayer.wordCount(linkCount: linkCount, width: width))
        var bit = 0
        let bytes = UnsafeMutableRawPointer(links.numbers)
        for node in 0..<nodeCount {
            let list = layer.list(of: UInt32(truncatingIfNeeded: node))
            for index in 0..<Int(offsets.numbers[node + 1] - offsets.numbers[node]) {
                let word = bytes.loadUnaligned(fromByteOffset: bit >> 3, as: UInt64.self)
                bytes.storeBytes(
                    of: word | UInt64(list[index]) << UInt64(bit & 7), toByteOffset: bit >> 3, as: UInt64.self)
                bit += width
            }
        }
    }
}
