/// What a table hands on: a key's new value together with the old one.
///
/// `nil` means that the key has no value: a `newValue` of `nil` deletes. `oldValue` is filled in only where somebody
/// downstream asked for old values. Semantics: Kafka's `Change`.
public struct Change<Value> {
    /// The present value; `nil` where the key was deleted.
    public var newValue: Value?
    /// The value before; `nil` where there was none, or where it is not known.
    public var oldValue: Value?
    /// Whether the new value is the key's latest one: `false` only for a change of a versioned table that came out of order.
    public var isLatest: Bool

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - newValue: the present value; `nil` where the key was deleted.
    ///   - oldValue: the value before; `nil` where there was none, or where it is not known.
    ///   - isLatest: whether no newer change of the key is known; true by default.
    @inlinable
    public init(newValue: Value?, oldValue: Value?, isLatest: Bool = true) {
        self.newValue = newValue
        self.oldValue = oldValue
        self.isLatest = isLatest
    }
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
