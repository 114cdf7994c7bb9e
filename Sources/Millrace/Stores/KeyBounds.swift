/// A range of keys, from `lower` up to but excluding `upper`; open if a bound is `nil`.
package struct KeyBounds {
    let lower: [UInt8]?
    let upper: [UInt8]?

    package init(lower: [UInt8]?, upper: [UInt8]?) {
        self.lower = lower
        self.upper = upper
    }

    package func isBelow(_ key: UnsafeRawBufferPointer) -> Bool {
        lower.map { $0.withUnsafeBytes { precedes(key, $0) } } ?? false
    }

    package func isAbove(_ key: UnsafeRawBufferPointer) -> Bool {
        upper.map { $0.withUnsafeBytes { !precedes(key, $0) } } ?? false
    }
}
