/// The count of the records that have gone through one entrance of a node.
///
/// A node that hands records on unchanged has the same entrance as its successor. Its counter then stands for both nodes, so that a
/// record costs one addition per call, however many nodes the call passes. The count of a node is the sum of its counters.
@usableFromInline
package final class RecordCounter {
    /// The names of the nodes that each of these records passes.
    @usableFromInline package let nodes: [String]
    /// It is read without retaining the counter.
    @usableFromInline let records: UnsafeMutablePointer<Int>

    @usableFromInline
    package init(nodes: [String]) {
        self.nodes = nodes
        records = .allocate(capacity: 1)
        records.initialize(to: 0)
    }

    deinit { records.deallocate() }

    /// The number of records so far.
    package var count: Int { records.pointee }
}

/// The counts of the records that go into each node.
@usableFromInline
package protocol NodeCounts: AnyObject {
    /// Returns a new counter of records that pass these nodes.
    func counter(of nodes: [String]) -> RecordCounter
}
