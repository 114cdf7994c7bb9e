package import Millrace

/// An index of one partition of a store, as the engine keeps it.
package final class VectorStoreIndex<Key, Value>: StoreIndex {
    private let core: IndexCore
    private let declaration: VectorIndex<Key, Value>
    private let value: Serde<Value>
    /// What the files have, until the store has it too; empty from then on. After a crash the index may be ahead of its store, whose
    /// changes then come again: in between the index is of no single commit.
    private var ahead = Position()

    /// Opens the index in its directory.
    convenience init(_ declaration: VectorIndex<Key, Value>, _ value: Serde<Value>, in context: StoreIndexContext)
        throws
    {
        try self.init(declaration, value, in: context.directory.map { DiskDirectory($0) })
    }

    /// Opens the index in any directory.
    ///
    /// - Parameters:
    ///   - directory: `nil` to keep everything in memory.
    ///   - settings: returns when segments are made; by default as is right for the format.
    ///   - threads: where segments are made.
    package init(
        _ declaration: VectorIndex<Key, Value>, _ value: Serde<Value>, in directory: (any IndexDirectory)?,
        settings: (IndexFormat) -> IndexSettings = IndexSettings.init, threads: any BuildExecutor = BuildThreads.shared
    ) throws {
        self.declaration = declaration
        self.value = value
        let format = try declaration.format()
        core = try IndexCore(format, settings: settings(format), directory: directory, threads: threads)
        ahead = position
    }

    package var position: Position { Position(core.position) ?? Position() }

    package func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws {
        do {
            try core.set(Array(key), entry: value.map(entry))
        } catch let problem as VectorProblem where problem.code != .outOfMemory {
            // It was in the store before there was an index, or came from a changelog.
            try core.set(Array(key), entry: nil)
        }
    }

    private func entry(of value: UnsafeRawBufferPointer) throws -> IndexEntry {
        let indexed: (vector: [Float], attributes: AttributeRow)
        do {
            let value = try self.value.deserialize(value)
            indexed = (try declaration.vector(of: value), try declaration.attributes(of: value))
        } catch {
            throw VectorProblem(.unreadable, "the value has no vector: \(error)")
        }
        return try core.format.entry(of: indexed.vector, indexed.attributes)
    }

    package func commit(at position: Position) throws -> IndexSnapshot {
        if position.reaches(ahead) {
            ahead = Position()
            return try core.commit(at: position.description)
        }
        ahead.merge(position)
        return try core.commit(at: ahead.description, isAhead: true)
    }

    package var isCommitWanted: Bool { core.isCommitWanted }

    package func checkpoint() throws { try core.checkpoint() }

    package func rebuild(from entries: StoreIndexEntries) throws {
        ahead = Position()
        try core.rebuildAll { [declaration, value] body in
            try entries.scan { key, bytes in
                guard let value = try? value.deserialize(bytes), let vector = try? declaration.vector(of: value),
                    let attributes = try? declaration.attributes(of: value)
                else { return true }
                return try body(key, vector, attributes)
            }
        }
    }

    package func removeAll() throws {
        ahead = Position()
        try core.removeAll()
    }

    package func close() { core.close() }
}
