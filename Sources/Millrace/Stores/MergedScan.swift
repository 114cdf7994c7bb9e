/// Scans a store with changes laid over it.
///
/// - Parameters:
///   - changes: the changes in the order of their keys; a value of `nil` stands for a deleted key.
///   - scan: scans the store below, over the same range of keys.
///   - body: gets every key that is left with its value, in order, until it returns `false`.
package func scanMerging(
    _ changes: [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?)],
    into scan: ((UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool) throws -> Void,
    _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws -> Bool
) throws {
    var next = 0
    var goesOn = true
    func visitNext() throws {
        let change = changes[next]
        next += 1
        if let value = change.value { goesOn = try body(change.key, value) }
    }
    try scan { key, value in
        while goesOn, next < changes.count, precedes(changes[next].key, key) { try visitNext() }
        guard goesOn else { return false }
        if next < changes.count, changes[next].key.elementsEqual(key) {
            try visitNext()
        } else {
            goesOn = try body(key, value)
        }
        return goesOn
    }
    while goesOn, next < changes.count { try visitNext() }
}
