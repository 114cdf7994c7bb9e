/// A change of a table, as it is forwarded: a key's new value together with the old one.
///
/// `nil` means that the key has no value: a `newValue` of `nil` deletes the key. `oldValue` is set only if an operator
/// downstream needs old values. Semantics: Kafka's `Change`.
public struct Change<Value> {
    /// The present value; `nil` if the key was deleted.
    public var newValue: Value?
    /// The earlier value; `nil` if there was none, or if it is not known.
    public var oldValue: Value?
    /// Whether the new value is the key's latest one: `false` only for a change of a versioned table that arrived out of
    /// order.
    public var isLatest: Bool

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - newValue: the present value; `nil` if the key was deleted.
    ///   - oldValue: the earlier value; `nil` if there was none, or if it is not known.
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

extension Change: CustomStringConvertible {
    /// The new value, behind the old one and an arrow if that is known: `0.4 → 0.7`.
    public var description: String {
        let new = newValue.map { "\($0)" } ?? "null"
        return oldValue.map { "\($0) → \(new)" } ?? new
    }
}
