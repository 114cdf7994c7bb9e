/// A store whose keys can be walked over in order.
@usableFromInline
package protocol ScannableStore: AnyObject {
    /// Calls `body` for every key from `lower` up to and without `upper`, in the bytes' order, until it returns `false`.
    func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool) throws
}

extension ScannableStore {
    /// Scans the store with changes laid over it.
    ///
    /// - Parameter changes: changes within the bounds, in the order of their keys; a value of `nil` stands for a deleted key.
    package func scan(
        from lower: [UInt8]?, to upper: [UInt8]?,
        under changes: [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)],
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        var next = 0
        var goesOn = true
        try scan(from: lower, to: upper) { key, value in
            while goesOn, next < changes.count, precedes(changes[next].key, key) {
                goesOn = try visit(changes[next], body)
                next += 1
            }
            guard goesOn else { return false }
            if next < changes.count, changes[next].key.elementsEqual(key) {
                goesOn = try visit(changes[next], body)
                next += 1
            } else {
                goesOn = try body(key, value)
            }
            return goesOn
        }
        while goesOn, next < changes.count {
            goesOn = try visit(changes[next], body)
            next += 1
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
