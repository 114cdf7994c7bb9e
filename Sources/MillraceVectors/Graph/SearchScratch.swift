import Synchronization

/// What one search needs beside the graph. A search takes one from the graph's pool and returns it.
// Used by one search at a time.
final class SearchScratch: @unchecked Sendable {
    /// One byte a node: equal to `round` if the search has met the node. A new round forgets all of them at once.
    let visited: UnsafeMutablePointer<UInt8>
    private(set) var round: UInt8 = 0
    private let nodeCount: Int

    /// The neighbours of the node that is being expanded: their ids in the layer, their rows, and their distances. In a walk, the ids of
    /// those whose rows are being fetched, too.
    let ids: UnsafeMutablePointer<UInt32>
    let fetchedIds: UnsafeMutablePointer<UInt32>
    let rows: UnsafeMutablePointer<UInt32>
    let distances: UnsafeMutablePointer<Float>

    private var keys: UnsafeMutablePointer<NodeKey>
    private var keyCapacity: Int
    var heap = KeyHeap()

    /// How many distances a scan computes at once.
    static let scanCount = 256

    init(nodeCount: Int, listCapacity: Int) {
        self.nodeCount = nodeCount
        visited = .allocate(capacity: max(1, nodeCount))
        visited.initialize(repeating: 0, count: max(1, nodeCount))
        let capacity = max(listCapacity, Self.scanCount)
        ids = .allocate(capacity: capacity)
        fetchedIds = .allocate(capacity: capacity)
        rows = .allocate(capacity: capacity)
        distances = .allocate(capacity: capacity)
        keyCapacity = 512
        keys = .allocate(capacity: keyCapacity)
    }

    deinit {
        visited.deallocate()
        ids.deallocate()
        fetchedIds.deallocate()
        rows.deallocate()
        distances.deallocate()
        keys.deallocate()
    }

    /// Forgets what was visited.
    func beginRound() {
        if round == .max {
            visited.update(repeating: 0, count: nodeCount)
            round = 0
        }
        round += 1
    }

    /// An empty pool; the one before it is gone.
    func pool(capacity: Int) -> NeighborPool {
        let capacity = max(1, capacity)
        if capacity > keyCapacity {
            keys.deallocate()
            keyCapacity = capacity
            keys = .allocate(capacity: keyCapacity)
        }
        return NeighborPool(keys: keys, capacity: capacity)
    }
}

/// The scratch of a graph's searches: as many as have ever searched at once, up to a bound.
final class ScratchPool: Sendable {
    private let unused = Mutex<[SearchScratch]>([])
    private let nodeCount: Int
    private let listCapacity: Int
    private static let keptCount = 64

    init(nodeCount: Int, listCapacity: Int) {
        self.nodeCount = nodeCount
        self.listCapacity = listCapacity
    }

    func withScratch<Result>(_ body: (SearchScratch) -> Result) -> Result {
        let scratch =
            unused.withLock { $0.popLast() } ?? SearchScratch(nodeCount: nodeCount, listCapacity: listCapacity)
        let result = body(scratch)
        scratch.heap.shrink(to: 16_384)
        unused.withLock { if $0.count < Self.keptCount { $0.append(scratch) } }
        return result
    }
}
