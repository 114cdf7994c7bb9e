/// The nearest nodes that a search has met so far, sorted, and which of them it has expanded (their keys are marked).
///
/// One sorted array serves as the results and as the queue of what is expanded next. It holds a few hundred keys, so moving some is
/// cheaper than two heaps.
struct NeighborPool {
    let keys: UnsafeMutablePointer<NodeKey>
    let capacity: Int
    private(set) var count = 0

    /// Makes an empty pool in memory for at least `capacity` keys, of which there is at least one.
    init(keys: UnsafeMutablePointer<NodeKey>, capacity: Int) {
        self.keys = keys
        self.capacity = capacity
    }

    /// Whether a key would be taken.
    @inline(__always)
    func takes(_ key: NodeKey) -> Bool { count < capacity || key < keys[capacity - 1] }

    /// Inserts a key that the pool takes, and returns its index.
    @inline(__always)
    mutating func insert(_ key: NodeKey) -> Int {
        // The first key that is larger, by halving without a branch that could be guessed wrong.
        var low = 0
        var length = count
        while length > 0 {
            let half = length >> 1
            let isBehind = keys[low + half] < key
            low = isBehind ? low + half + 1 : low
            length = isBehind ? length - half - 1 : half
        }
        let moved = (count < capacity ? count : capacity - 1) - low
        (keys + low + 1).update(from: keys + low, count: moved)
        keys[low] = key
        if count < capacity { count += 1 }
        return low
    }

    /// Marks the first key from an index on that is not expanded as expanded, and returns its node; ``noNode`` if there is none.
    ///
    /// - Parameter index: becomes the index behind the key.
    @inline(__always)
    func expandNext(from index: inout Int) -> UInt32 {
        while index < count {
            let key = keys[index]
            if !key.isMarked {
                keys[index] = key.marked
                index += 1
                return key.node
            }
            index += 1
        }
        return noNode
    }
}

/// A heap of keys, the smallest first: what a search with a filter expands next, which has no bound.
struct KeyHeap {
    private var keys: [NodeKey] = []

    mutating func removeAll() { keys.removeAll(keepingCapacity: true) }

    /// Forgets the memory of an unusual search.
    mutating func shrink(to capacity: Int) { if keys.capacity > capacity { keys = [] } }

    mutating func push(_ key: NodeKey) {
        keys.append(key)
        keys.withUnsafeMutableBufferPointer { keys in
            var child = keys.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                guard key < keys[parent] else { break }
                keys[child] = keys[parent]
                child = parent
            }
            keys[child] = key
        }
    }

    mutating func pop() -> NodeKey? {
        guard let first = keys.first, let last = keys.popLast() else { return nil }
        keys.withUnsafeMutableBufferPointer { keys in
            guard keys.count > 0 else { return }
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < keys.count else { break }
                if child + 1 < keys.count, keys[child + 1] < keys[child] { child += 1 }
                guard keys[child] < last else { break }
                keys[parent] = keys[child]
                parent = child
            }
            keys[parent] = last
        }
        return first
    }
}
