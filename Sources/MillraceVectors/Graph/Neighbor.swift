/// A row that a search found.
package struct Neighbor: Hashable, Sendable {
    /// The number of the row.
    package var row: Int
    /// The distance from the query, in the unit of the format's ``VectorMetric``.
    package var distance: Float

    package init(row: Int, distance: Float) {
        self.row = row
        self.distance = distance
    }
}

/// A distance and a node in one number that orders by distance, then by node. The lowest bit is a mark that does not disturb the
/// order, because no node occurs twice.
///
/// Searches compare and move nothing else, so it is eight bytes. A distance that is not a number counts as infinite.
struct NodeKey: Comparable {
    var bits: UInt64

    @inline(__always)
    init(bits: UInt64) { self.bits = bits }

    @inline(__always)
    init(distance: Float, node: UInt32) {
        let pattern = (distance.isNaN ? .infinity : distance).bitPattern
        // Positive numbers are ordered as their bits are, negative ones the other way round.
        let ordered = pattern ^ (UInt32(bitPattern: Int32(bitPattern: pattern) >> 31) | 0x8000_0000)
        bits = UInt64(ordered) << 32 | UInt64(node) << 1
    }

    @inline(__always)
    var node: UInt32 { UInt32(truncatingIfNeeded: bits) >> 1 }

    @inline(__always)
    var distance: Float {
        let ordered = UInt32(truncatingIfNeeded: bits >> 32)
        let isNegative = ordered & 0x8000_0000 == 0
        return Float(bitPattern: isNegative ? ~ordered : ordered ^ 0x8000_0000)
    }

    @inline(__always)
    var isMarked: Bool { bits & 1 != 0 }

    @inline(__always)
    var marked: NodeKey { NodeKey(bits: bits | 1) }

    @inline(__always)
    var unmarked: NodeKey { NodeKey(bits: bits & ~1) }

    @inline(__always)
    static func < (first: NodeKey, second: NodeKey) -> Bool { first.bits < second.bits }
}
