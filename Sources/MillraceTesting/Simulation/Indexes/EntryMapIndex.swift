package import Millrace

/// An index for simulations, which keeps something of each entry. Its views have all of it.
package final class EntryMapIndex<Key: Hashable & Sendable, Value: Sendable>: StoreIndex {
    /// The index as of one commit.
    package struct View: Sendable, CustomStringConvertible {
        package let entries: [Key: Value]
        package var description: String { entries.map { "\($0.key): \($0.value)" }.sorted().joined(separator: ", ") }
    }

    private let key: (UnsafeRawBufferPointer) -> Key
    private let value: (UnsafeRawBufferPointer) -> Value
    private var entries: [Key: Value] = [:]
    package private(set) var position = Position()

    /// - Parameters:
    ///   - key: reads a key; two keys of the store must not become the same.
    ///   - value: reads what is kept of a value.
    package init(
        key: @escaping (UnsafeRawBufferPointer) -> Key, value: @escaping (UnsafeRawBufferPointer) -> Value
    ) {
        self.key = key
        self.value = value
    }

    package func apply(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        entries[self.key(key)] = value.map(self.value)
    }

    package func commit(at position: Position) -> View {
        self.position = position
        return View(entries: entries)
    }

    package func rebuild(from entries: StoreIndexEntries) throws {
        removeAll()
        try entries.scan { key, value in
            apply(key: key, value: value)
            return true
        }
    }

    package func removeAll() { entries = [:] }
    package func close() {}
}

extension EntryMapIndex<String, String> {
    /// Describes an index that keeps texts whole.
    package static func supplier(_ name: String) -> StoreIndexSupplier<String> {
        let text: @Sendable (UnsafeRawBufferPointer) -> String = { String(decoding: $0, as: UTF8.self) }
        return StoreIndexSupplier(name, kind: name) { _, _ in EntryMapIndex(key: text, value: text) }
    }
}
