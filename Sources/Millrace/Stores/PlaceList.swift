/// A list of places of a `ByteTable`, each at most once, that keeps its order: appending, moving and removing take constant
/// time.
package struct PlaceList {
    private struct Link {
        var previous: Int?
        var next: Int?
        var isTaken = false
    }

    private var links: [Link] = []
    package private(set) var first: Int?
    private var last: Int?

    package init() {}

    /// Appends a place, or moves it to the end if it is in the list.
    package mutating func moveToEnd(_ place: Int) {
        if last == place { return }
        if place >= links.count { links += Array(repeating: Link(), count: place + 1 - links.count) }
        remove(place)
        links[place] = Link(previous: last, next: nil, isTaken: true)
        if let last { links[last].next = place } else { first = place }
        last = place
    }

    /// Removes a place if it is in the list.
    package mutating func remove(_ place: Int) {
        guard links.indices.contains(place), links[place].isTaken else { return }
        let link = links[place]
        if let previous = link.previous { links[previous].next = link.next } else { first = link.next }
        if let next = link.next { links[next].previous = link.previous } else { last = link.previous }
        links[place] = Link()
    }
}
