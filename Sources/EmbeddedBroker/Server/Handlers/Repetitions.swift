extension Sequence {
    /// The first of the elements with each key. A client that asks for the same thing repeatedly gets one answer, so that no
    /// answer is orders of magnitude larger than its request.
    func withoutRepetitions<Key: Hashable>(of key: (Element) -> Key) -> [Element] {
        var seen: Set<Key> = []
        return filter { seen.insert(key($0)).inserted }
    }
}
