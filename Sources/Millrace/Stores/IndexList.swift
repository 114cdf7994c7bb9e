/// A list of indices of a `ByteTable`, each at most once, that keeps its order: appending, moving and removing take constant
/// time.
package struct IndexList {
    private struct Link {
        var previous: Int?
        var next: Int?
        var isTaken = false
    }

    private var links: [Link] = []
    package private(set) var first: Int?
    private var last: Int?

    package init() {}

    /// Appends an index, or moves it to the end if it is in the list.
    package mutating func moveToEnd(_ index: Int) {
        if last == index { return }
        if index >= links.count { links += Array(repeating: Link(), count: index + 1 - links.count) }
        remove(index)
        links[index] = Link(previous: last, next: nil, isTaken: true)
        if let last { links[last].next = index } else { first = index }
        last = index
    }

    /// Removes an index if it is in the list.
    package mutating func remove(_ index: Int) {
        guard links.indices.contains(index), links[index].isTaken else { return }
        let link = links[index]
        if let previous = link.previous { links[previous].next = link.next } else { first = link.next }
        if let next = link.next { links[next].previous = link.previous } else { last = link.previous }
        links[index] = Link()
    }
}
