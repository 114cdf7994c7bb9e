import Millrace

/// The entries of a store as of one commit: the layers of a view over a snapshot of the disk. It is used by one thread.
final class CommittedEntries: KeyValueBytesStore, StoredEntries {
    private let layers: [ChangeLayer]
    private let disk: any StoredEntries

    init(_ layers: [ChangeLayer], over disk: (any StoredEntries)?) {
        self.layers = layers
        self.disk = disk ?? NoEntries()
    }

    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        for layer in layers.reversed() {
            if let position = layer.map.find(key) { return try body(layer.map.value(at: position)) }
        }
        try disk.withValue(forKey: key, body)
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let changes = LayeredChanges(layers, from: lower, to: upper, reversed: reversed)
        try disk.scan(from: lower, to: upper, reversed: reversed, under: changes, body)
    }

    func put(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?, timestampMs: Int64) throws {
        throw StreamsError(.illegalState, "a store cannot be changed by those who query it")
    }
}

/// The empty source below a store in memory.
private final class NoEntries: StoredEntries {
    func withValue(forKey key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        try body(nil)
    }

    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {}
}

/// The changes of several layers within a range, in the order of a scan; for each key only the newest.
struct LayeredChanges: Sequence, IteratorProtocol {
    private let layers: [ChangeLayer]
    /// The position of each layer's next change; `nil` if there is none.
    private var positions: [OrderedByteMap.Position?]
    private let bounds: KeyBounds
    private let isReversed: Bool

    init(_ layers: [ChangeLayer], from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool) {
        self.layers = layers
        bounds = KeyBounds(lower: lower, upper: upper)
        isReversed = reversed
        positions = layers.map { layer in
            guard reversed else { return (lower ?? []).withUnsafeBytes { layer.map.lowerBound($0) } }
            guard let upper else { return layer.map.previous(layer.map.end) }
            return upper.withUnsafeBytes { layer.map.previous(layer.map.lowerBound($0)) }
        }
    }

    mutating func next() -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)? {
        var first: (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)?
        // The newest layer comes first, so that of equal keys its change is taken.
        for index in layers.indices.reversed() {
            guard let change = change(in: index) else { continue }
            if let first, isReversed ? order(change.key, first.key) <= 0 : order(first.key, change.key) <= 0 {
                continue
            }
            first = change
        }
        guard let first, isReversed ? !bounds.isBelow(first.key) : !bounds.isAbove(first.key) else { return nil }
        for index in layers.indices {
            guard let change = change(in: index), order(change.key, first.key) == 0 else { continue }
            positions[index] = positions[index].flatMap {
                isReversed ? layers[index].map.previous($0) : layers[index].map.next($0)
            }
        }
        return first
    }

    private func change(in index: Int) -> (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)? {
        guard let position = positions[index], layers[index].map.isValid(position) else { return nil }
        return (layers[index].map.key(at: position), layers[index].map.value(at: position))
    }
}
