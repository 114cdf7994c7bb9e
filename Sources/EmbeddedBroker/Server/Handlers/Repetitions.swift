extension Sequence {
    /// The first of the elements with each key: who asks for the same thing often is told once, so that no answer is
    /// larger by magnitudes than its request.
    func withoutRepetitions<Key: Hashable>(of key: (Element) -> Key) -> [Element] {
        var seen: Set<Key> = []
        return filter { seen.insert(key($0)).inserted }
    }
}
