/// A stored value with the timestamp of the newest record that went into it.
public struct ValueAndTimestamp<Value> {
    /// The value.
    public var value: Value
    /// Milliseconds since the epoch.
    public var timestampMs: Int64

    /// Makes a value with its timestamp.
    ///
    /// - Parameters:
    ///   - value: the value.
    ///   - timestampMs: milliseconds since the epoch.
    @inlinable
    public init(value: Value, timestampMs: Int64) {
        self.value = value
        self.timestampMs = timestampMs
    }
}

extension ValueAndTimestamp: Sendable where Value: Sendable {}
extension ValueAndTimestamp: Equatable where Value: Equatable {}
