/// The decision whether a source may be read while a consumer group is behind with what the source has written.
///
/// Reading stops when the lag is above a threshold, and goes on when it is at most half of it, so that it does not begin and end with every
/// record. An unknown lag changes nothing.
package struct LagGate: Sendable, Hashable {
    /// The number of records above which reading stops.
    package let threshold: Int64
    /// Whether reading may go on.
    package private(set) var isOpen = true
    /// The last lag that was known, in records.
    package private(set) var lag: Int64?

    package init(threshold: Int64) { self.threshold = threshold }

    /// Takes a lag into account.
    ///
    /// - Parameter lag: the number of records that the group has not read yet; `nil` if it is unknown at the moment.
    package mutating func observe(_ lag: Int64?) {
        guard let lag else { return }
        self.lag = lag
        if lag > threshold { isOpen = false } else if lag <= threshold / 2 { isOpen = true }
    }
}
