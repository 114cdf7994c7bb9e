/// The limits of a buffer of suppressed results, and what happens when it is full. Kafka: `Suppressed.BufferConfig`.
///
/// ```swift
/// let all = BufferConfig.unbounded.changelog(["segment.ms": "600000"])
/// let some = BufferConfig.bounded(maxRecords: 1_000, whenFull: .emitEarly).withoutChangelog()
/// ```
public struct BufferConfig: Sendable, Hashable {
    /// The reaction to a full buffer.
    public enum WhenFull: Sendable, Hashable {
        /// The results that have waited the longest are forwarded before their time. Kafka: `emitEarlyWhenFull`.
        case emitEarly
        /// The task fails with an error of code `.bufferFull`, so that no result is ever forwarded before its time.
        /// Kafka: `shutDownWhenFull`.
        case shutDown
    }

    /// The most keys that may wait; unlimited by default.
    public var maxRecords: Int
    /// The most bytes that they may take; unlimited by default.
    public var maxSizeInBytes: Int
    /// The treatment of a record for which there is no room.
    public var whenFull: WhenFull
    /// The settings of the changelog topic; `nil` if there is none.
    var changelogConfiguration: [String: String]? = [:]

    /// A buffer without limits other than the memory.
    public static let unbounded = BufferConfig(maxRecords: .max, maxSizeInBytes: .max, whenFull: .shutDown)

    /// A buffer with limits.
    ///
    /// ```swift
    /// BufferConfig.bounded(maxRecords: 10_000, maxSizeInBytes: 64 << 20, whenFull: .emitEarly)
    /// ```
    ///
    /// - Parameters:
    ///   - maxRecords: how many records it holds at most; unlimited by default.
    ///   - maxSizeInBytes: how many bytes of keys and values it holds at most; unlimited by default.
    ///   - whenFull: what happens to a record for which there is no room.
    public static func bounded(
        maxRecords: Int = .max, maxSizeInBytes: Int = .max, whenFull: WhenFull
    ) -> BufferConfig {
        BufferConfig(maxRecords: maxRecords, maxSizeInBytes: maxSizeInBytes, whenFull: whenFull)
    }

    /// Adds settings to the buffer's changelog topic, as `["segment.ms": "600000"]`. Kafka: `withLoggingEnabled`.
    public func changelog(_ configuration: [String: String]) -> BufferConfig {
        var copy = self
        copy.changelogConfiguration = (changelogConfiguration ?? [:]).merging(configuration) { $1 }
        return copy
    }

    /// A buffer without a changelog: results that wait in it when the task moves or restarts are lost. Kafka:
    /// `withLoggingDisabled`.
    public func withoutChangelog() -> BufferConfig {
        var copy = self
        copy.changelogConfiguration = nil
        return copy
    }

    @usableFromInline
    func isExceeded(count: Int, sizeInBytes: Int) -> Bool { count > maxRecords || sizeInBytes > maxSizeInBytes }

    @usableFromInline
    var limits: String { "\(maxRecords) records or \(maxSizeInBytes) bytes" }
}
