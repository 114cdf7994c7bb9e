/// A store whose keys can be walked over in order.
@usableFromInline
package protocol ScannableStore: AnyObject {
    /// Calls `body` for every key from `lower` up to but excluding `upper`, in the bytes' order, until it returns `false`.
    ///
    /// `body` may read the store, but does not change it, unless the kind of store allows that.
    ///
    /// - Parameter reversed: whether the highest key comes first.
    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws
}

extension ScannableStore {
    @usableFromInline
    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try scan(from: lower, to: upper, reversed: false, body)
    }

    /// Scans the store as if changes had been applied to it.
    ///
    /// - Parameter changes: changes within the bounds, in the scan's order; a value of `nil` stands for a deleted key.
    package func scan<Changes: Sequence>(
        from lower: [UInt8]?, to upper: [UInt8]?, reversed: Bool, under changes: Changes,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws where Changes.Element == (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        var changes = changes.makeIterator()
        var next = changes.next()
        var continues = true
        try scan(from: lower, to: upper, reversed: reversed) { key, value in
            while let change = next, reversed ? precedes(key, change.key) : precedes(change.key, key) {
                continues = try visit(change, body)
                next = changes.next()
                guard continues else { return false }
            }
            if let change = next, change.key.elementsEqual(key) {
                continues = try visit(change, body)
                next = changes.next()
            } else {
                continues = try body(key, value)
            }
            return continues
        }
        while continues, let change = next {
            continues = try visit(change, body)
            next = changes.next()
        }
    }
}

private func visit(
    _ change: (key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?),
    _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
) throws -> Bool {
    guard let value = change.value else { return true }
    return try body(change.key, value)
}
