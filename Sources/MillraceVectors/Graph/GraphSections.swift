/// A graph as flat sections, the way it lies in memory and in files. Numbers are UInt32 in the byte order of the machine, which is
/// little-endian.
///
/// - `baseOffsets`: for each node, in the order of rows, the number of the first of its neighbours in `baseLinks`, and the number of all
///   neighbours at the end. A node has at most `2 × links`.
/// - `baseLinks`: the neighbours, packed: as many bits each as the number of nodes needs. At least 8 bytes follow the last one.
/// - `upperNodes`: the rows of those nodes that are on upper layers too. The other sections call them by their index here.
/// - `upperOffsets`: for each upper node the number of its first list, and the number of all lists at the end. A node has one
///   list for each upper layer that it is on, layer 1 first. Empty if there are no upper nodes.
/// - `upperLinks`: the lists, `links` neighbours each, which are indices of upper nodes. Unused places are UInt32.max, at the end.
/// - `twins`: for each node the next one with an equal row, UInt32.max at the end of the chain; empty if no two rows are equal. Of equal
///   rows only the first that was inserted has links.
///
/// Every section begins at a multiple of 64 bytes.
package struct GraphSections {
    /// The number of nodes, which is that of rows.
    package var nodeCount: Int
    /// Links of a node on an upper layer.
    package var links: Int
    /// The beginning of searches: an index of `upperNodes`, or a node if there are no upper nodes.
    package var entry: UInt32
    package var baseOffsets: UnsafeRawBufferPointer
    package var baseLinks: UnsafeRawBufferPointer
    package var upperNodes: UnsafeRawBufferPointer
    package var upperOffsets: UnsafeRawBufferPointer
    package var upperLinks: UnsafeRawBufferPointer
    package var twins: UnsafeRawBufferPointer

    package init(
        nodeCount: Int, links: Int, entry: UInt32, baseOffsets: UnsafeRawBufferPointer,
        baseLinks: UnsafeRawBufferPointer, upperNodes: UnsafeRawBufferPointer, upperOffsets: UnsafeRawBufferPointer,
        upperLinks: UnsafeRawBufferPointer, twins: UnsafeRawBufferPointer
    ) {
        self.nodeCount = nodeCount
        self.links = links
        self.entry = entry
        self.baseOffsets = baseOffsets
        self.baseLinks = baseLinks
        self.upperNodes = upperNodes
        self.upperOffsets = upperOffsets
        self.upperLinks = upperLinks
        self.twins = twins
    }
}

extension GraphSections {
    /// Checks sizes and every number, so that no search reads outside or goes in circles, whatever the bytes are.
    ///
    /// - Throws: `damaged` with the first contradiction.
    func check() throws(VectorProblem) {
        guard (0...VectorRows.largestCount).contains(nodeCount), GraphParameters.possibleLinks.contains(links) else {
            throw damaged("\(nodeCount) nodes with \(links) links are not possible")
        }
        try checkBase()
        let nodes = try numbers(upperNodes, "upperNodes", count: upperNodes.count / 4)
        guard nodes.count <= nodeCount else { throw damaged("there are more upper nodes than nodes") }
        let offsets = try numbers(upperOffsets, "upperOffsets", count: nodes.isEmpty ? 0 : nodes.count + 1)
        let lists = try checkHeights(offsets)
        let upper = try numbers(upperLinks, "upperLinks", count: lists * links)
        guard nodes.allSatisfy({ $0 < nodeCount }) else { throw damaged("an upper node is no row") }
        try checkEntry(offsets, upperCount: nodes.count)
        for node in nodes.indices {
            let first = Int(offsets[node])
            for list in first..<Int(offsets[node + 1]) {
                try checkList(upper, list, capacity: links) { neighbor in
                    neighbor < nodes.count
                        && Int(offsets[Int(neighbor) + 1] - offsets[Int(neighbor)]) > list - first
                }
            }
        }
        if !twins.isEmpty { try checkTwins(numbers(twins, "twins", count: nodeCount)) }
    }

    private func damaged(_ message: String) -> VectorProblem { VectorProblem(.damaged, message) }

    private func numbers(
        _ section: UnsafeRawBufferPointer, _ name: String, count: Int
    ) throws(VectorProblem) -> UnsafeBufferPointer<UInt32> {
        guard section.count == count * 4 else {
            throw damaged("\(name) has \(section.count) bytes instead of \(count * 4)")
        }
        guard section.isEmpty || Int(bitPattern: section.baseAddress) % 64 == 0 else {
            throw damaged("\(name) does not begin at a multiple of 64 bytes")
        }
        return section.bindMemory(to: UInt32.self)
    }

    private func checkBase() throws(VectorProblem) {
        let offsets = try numbers(baseOffsets, "baseOffsets", count: nodeCount > 0 ? nodeCount + 1 : 0)
        let width = PackedLayer.width(nodeCount: nodeCount)
        let linkCount = Int(offsets.last ?? 0)
        let packed = try numbers(
            baseLinks, "baseLinks",
            count: nodeCount > 0 ? PackedLayer.wordCount(linkCount: linkCount, width: width) : 0)
        guard nodeCount > 0, let pointer = offsets.baseAddress, let words = packed.baseAddress else { return }
        guard pointer[0] == 0 else { throw damaged("the first node does not begin with the first link") }
        // Only a list between offsets that do not fall, up to the last one, lies within the links.
        for node in 0..<nodeCount {
            guard pointer[node] <= pointer[node + 1], Int(pointer[node + 1] - pointer[node]) <= 2 * links else {
                throw damaged("node \(node) has fewer than no links, or too many")
            }
        }
        // Without a branch for each link, because all are read when a segment is opened.
        let all = PackedList(links: words, firstBit: 0, width: width, capacity: linkCount)
        var largest: UInt32 = 0
        for index in 0..<linkCount { largest = max(largest, all[index]) }
        guard linkCount == 0 || largest < nodeCount else { throw damaged("a link is to no node") }
    }

    /// Returns the number of lists.
    private func checkHeights(_ offsets: UnsafeBufferPointer<UInt32>) throws(VectorProblem) -> Int {
        guard let first = offsets.first, let last = offsets.last else { return 0 }
        guard first == 0 else { throw damaged("the first upper node does not begin with the first list") }
        for index in 1..<offsets.count where offsets[index] <= offsets[index - 1] {
            throw damaged("upper node \(index - 1) has no list")
        }
        return Int(last)
    }

    private func checkEntry(_ offsets: UnsafeBufferPointer<UInt32>, upperCount: Int) throws(VectorProblem) {
        guard nodeCount > 0 else { return }
        guard Int(entry) < (upperCount > 0 ? upperCount : nodeCount) else { throw damaged("the entry is no node") }
        guard upperCount > 0 else { return }
        let height = offsets[Int(entry) + 1] - offsets[Int(entry)]
        // The search goes down from the entry's height, which is the greatest: below it every layer has its nodes.
        for node in 0..<upperCount where offsets[node + 1] - offsets[node] > height {
            throw damaged("upper node \(node) is on a higher layer than the entry")
        }
    }

    private func checkList(
        _ lists: UnsafeBufferPointer<UInt32>, _ list: Int, capacity: Int, isNode: (UInt32) -> Bool
    ) throws(VectorProblem) {
        let links = lists[list * capacity..<(list + 1) * capacity]
        let used = links.prefix { $0 != noNode }
        guard used.allSatisfy(isNode) else { throw damaged("list \(list) has a link to no node of its layer") }
        guard links[used.endIndex...].allSatisfy({ $0 == noNode }) else {
            throw damaged("list \(list) has links behind its end")
        }
    }

    /// Every node has at most one predecessor, and every chain has a first node: so there are no circles.
    private func checkTwins(_ twins: UnsafeBufferPointer<UInt32>) throws(VectorProblem) {
        var isFollower = [Bool](repeating: false, count: nodeCount)
        for next in twins where next != noNode {
            guard next < nodeCount, !isFollower[Int(next)] else { throw damaged("a node is the twin of two, or none") }
            isFollower[Int(next)] = true
        }
        var reached = 0
        for first in twins.indices where !isFollower[first] {
            var node = UInt32(first)
            while node != noNode {
                reached += 1
                node = twins[Int(node)]
            }
        }
        guard reached == nodeCount else { throw damaged("a chain of twins goes in a circle") }
    }
}
