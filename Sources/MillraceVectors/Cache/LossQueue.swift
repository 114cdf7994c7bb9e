/// The place of an entry among those that may go; the lowest goes first.
struct CacheRank: Comparable {
    var frequency: Int
    var usedAtMs: Int64
    var usedAt: UInt64

    static let lowest = CacheRank(frequency: 0, usedAtMs: .min, usedAt: 0)

    static func < (one: CacheRank, other: CacheRank) -> Bool {
        (one.frequency, one.usedAtMs, one.usedAt) < (other.frequency, other.usedAtMs, other.usedAt)
    }
}

/// Namespaces by the rank of the entry that each would lose: a heap, so that thousands of them cost no more than some.
///
/// Reads do not touch it. A rank in it is therefore a lower bound, which the one who takes a namespace out replaces by the rank as of now.
struct LossQueue {
    private struct Entry {
        var rank: CacheRank
        var ticket: UInt64
        var name: String

        func goesBefore(_ other: Entry) -> Bool { (rank, ticket) < (other.rank, other.ticket) }
    }

    private var heap: [Entry] = []
    /// The ticket and the rank of the valid entry of each name.
    private var valid: [String: (ticket: UInt64, rank: CacheRank)] = [:]
    private var lastTicket: UInt64 = 0

    /// The lowest rank; `nil` if there is no namespace.
    var lowestRank: CacheRank? { heap.first?.rank }

    /// Adds a namespace, or lowers its rank.
    mutating func add(_ name: String, _ rank: CacheRank) {
        if let present = valid[name], present.rank <= rank { return }
        lastTicket += 1
        valid[name] = (lastTicket, rank)
        heap.append(Entry(rank: rank, ticket: lastTicket, name: name))
        rise(from: heap.count - 1)
        dropInvalid()
    }

    /// Adds a namespace that is not in it yet.
    mutating func addNew(_ name: String, _ rank: CacheRank) {
        if valid[name] == nil { add(name, rank) }
    }

    /// Takes out the namespace with the lowest rank.
    mutating func removeLowest() -> String? {
        guard let first = heap.first else { return nil }
        valid[first.name] = nil
        dropInvalid()
        return first.name
    }

    /// Removes entries that others have replaced from the top, and from everywhere if they are too many.
    private mutating func dropInvalid() {
        while let first = heap.first, valid[first.name]?.ticket != first.ticket { removeTop() }
        guard heap.count > 2 * valid.count + 64 else { return }
        heap = heap.filter { valid[$0.name]?.ticket == $0.ticket }.sorted { $0.goesBefore($1) }
    }

    private mutating func removeTop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while true {
            var lowest = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < heap.count && heap[child].goesBefore(heap[lowest]) { lowest = child }
            if lowest == place { return }
            heap.swapAt(place, lowest)
            place = lowest
        }
    }

    private mutating func rise(from place: Int) {
        var place = place
        while place > 0 {
            let parent = (place - 1) / 2
            guard heap[place].goesBefore(heap[parent]) else { return }
            heap.swapAt(place, parent)
            place = parent
        }
    }
}
