import Millrace

/// An index of one partition of a store, as the engine keeps it.
final class VectorStoreIndex<Key, Value>: StoreIndex {
    private let core: IndexCore
    private let declaration: VectorIndex<Key, Value>
    private let value: Serde<Value>

    init(_ declaration: VectorIndex<Key, Value>, _ value: Serde<Value>, in context: StoreIndexContext) throws {
        self.declaration = declaration
        self.value = value
        core = try IndexCore(try declaration.format(), directory: context.directory.map { DiskDirectory($0) })
    }

    var position: Position { Position(core.position) ?? Position() }

    func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        do {
            try core.set(Array(key), to: value.map(vector))
        } catch let problem as VectorProblem where problem.code != .outOfMemory {
            // It was in the store before there was an index, or came from a changelog.
            try core.set(Array(key), to: nil)
        }
    }

    private func vector(of value: UnsafeRawBufferPointer) throws -> [Float] {
        do {
            return try declaration.vector(of: self.value.deserialize(value))
        } catch {
            throw VectorProblem(.unreadable, "the value has no vector: \(error)")
        }
    }

    func commit(at position: Position) throws -> IndexSnapshot { try core.commit(at: position.description) }

    func checkpoint() throws { try core.checkpoint() }

    func rebuild(from entries: StoreIndexEntries) throws {
        try core.rebuild { [declaration, value] body in
            try entries.scan { key, bytes in
                guard let vector = try? declaration.vector(of: value.deserialize(bytes)) else { return true }
                return try body(key, vector)
            }
        }
    }

    func removeAll() throws { try core.removeAll() }
    func close() { core.close() }
}
