// Kafka Streams' descriptions show the iteration order of Java's collections. This file reproduces only these orders.

/// The order in which Java iterates over a `HashSet` and a `HashMap`.
package enum JavaHashOrder {
    /// - Parameters:
    ///   - strings: without duplicates, in the order of their insertion.
    ///   - initialCapacity: the capacity with which the collection was made; Java rounds it up to a power of two.
    static func sorted(_ strings: [String], initialCapacity: Int = 16) -> [String] {
        sorted(strings, initialCapacity: initialCapacity) { string in
            var hash: UInt32 = 0
            for unit in string.utf16 { hash = hash &* 31 &+ UInt32(unit) }
            return hash
        }
    }

    /// The order of Kafka's `Bytes`.
    package static func sorted(_ keys: [[UInt8]], initialCapacity: Int = 16) -> [[UInt8]] {
        sorted(keys, initialCapacity: initialCapacity) { key in
            var hash: UInt32 = 1
            for byte in key { hash = hash &* 31 &+ UInt32(bitPattern: Int32(Int8(bitPattern: byte))) }
            return hash
        }
    }

    private static func sorted<Element>(
        _ elements: [Element], initialCapacity: Int, hash: (Element) -> UInt32
    ) -> [Element] {
        var capacity = 1
        while capacity < initialCapacity { capacity *= 2 }
        while Double(capacity) * 0.75 < Double(elements.count) { capacity *= 2 }
        func bucket(_ element: Element) -> Int {
            let hash = hash(element)
            return Int((hash ^ (hash >> 16)) & UInt32(capacity - 1))
        }
        return elements.enumerated().sorted { left, right in
            let (leftBucket, rightBucket) = (bucket(left.element), bucket(right.element))
            return leftBucket == rightBucket ? left.offset < right.offset : leftBucket < rightBucket
        }.map(\.element)
    }
}

/// Java's `TreeSet`, a red-black tree, for elements whose order changes after they were inserted.
///
/// An element is placed by comparisons at the moment of its insertion and never moved again, so the result depends on the
/// tree's shape. This is therefore the same tree, step by step.
struct JavaTreeSet {
    private struct Node {
        var element: Int
        var left: Int?
        var right: Int?
        var parent: Int?
        var isRed = true
    }

    private var nodes: [Node] = []
    private var root: Int?

    /// Inserts an element that is not in the set yet.
    mutating func insert(_ element: Int, precedes: (Int, Int) -> Bool) {
        let new = nodes.count
        nodes.append(Node(element: element))
        guard var parent = root else {
            root = new
            nodes[new].isRed = false
            return
        }
        while true {
            if precedes(element, nodes[parent].element) {
                guard let left = nodes[parent].left else {
                    nodes[parent].left = new
                    break
                }
                parent = left
            } else {
                guard let right = nodes[parent].right else {
                    nodes[parent].right = new
                    break
                }
                parent = right
            }
        }
        nodes[new].parent = parent
        balance(after: new)
    }

    /// The elements from the first to the last.
    var elements: [Int] {
        var result: [Int] = []
        func visit(_ node: Int?) {
            guard let node else { return }
            visit(nodes[node].left)
            result.append(nodes[node].element)
            visit(nodes[node].right)
        }
        visit(root)
        return result
    }

    private mutating func balance(after inserted: Int) {
        var node = inserted
        while let parent = nodes[node].parent, nodes[parent].isRed, let grandparent = nodes[parent].parent {
            let isLeft = nodes[grandparent].left == parent
            let uncle = isLeft ? nodes[grandparent].right : nodes[grandparent].left
            if let uncle, nodes[uncle].isRed {
                nodes[parent].isRed = false
                nodes[uncle].isRed = false
                nodes[grandparent].isRed = true
                node = grandparent
                continue
            }
            var upper = parent
            if node == (isLeft ? nodes[parent].right : nodes[parent].left) {
                upper = node
                node = parent
                rotate(node, toLeft: isLeft)
            }
            nodes[upper].isRed = false
            nodes[grandparent].isRed = true
            rotate(grandparent, toLeft: !isLeft)
        }
        if let root { nodes[root].isRed = false }
    }

    private mutating func rotate(_ node: Int, toLeft: Bool) {
        guard let pivot = toLeft ? nodes[node].right : nodes[node].left else { return }
        let inner = toLeft ? nodes[pivot].left : nodes[pivot].right
        if toLeft { nodes[node].right = inner } else { nodes[node].left = inner }
        if let inner { nodes[inner].parent = node }
        let parent = nodes[node].parent
        nodes[pivot].parent = parent
        if let parent {
            if nodes[parent].left == node { nodes[parent].left = pivot } else { nodes[parent].right = pivot }
        } else {
            root = pivot
        }
        if toLeft { nodes[pivot].left = node } else { nodes[pivot].right = node }
        nodes[node].parent = pivot
    }
}
