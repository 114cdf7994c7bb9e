/// What a table hands on: a key's new value together with the old one.
///
/// `nil` means that the key has no value: a `newValue` of `nil` deletes. `oldValue` is filled in only where somebody
/// downstream asked for old values. Semantics: Kafka's `Change`.
public struct Change<Value> {
    public var newValue: Value?
    public var oldValue: Value?

    @inlinable
    public init(newValue: Value?, oldValue: Value?) {
        self.newValue = newValue
        self.oldValue = oldValue
    }
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
