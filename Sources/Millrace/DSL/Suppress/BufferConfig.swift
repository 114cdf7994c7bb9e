/// How much a buffer of suppressed results holds, and what happens when it is full. Kafka: `Suppressed.BufferConfig`.
public struct BufferConfig: Sendable, Hashable {
    /// What happens when a buffer is full.
    public enum WhenFull: Sendable, Hashable {
        /// The results that have waited the longest are handed on before their time. Kafka: `emitEarlyWhenFull`.
        case emitEarly
        /// The task fails with an error of code `.bufferFull`, so that no result is ever handed on before its time.
        /// Kafka: `shutDownWhenFull`.
        case shutDown
    }

    /// The most keys that wait; any number by default.
    public var maxRecords: Int
    /// The most bytes that they take; any number by default.
    public var maxSizeInBytes: Int
    public var whenFull: WhenFull

    /// A buffer that holds whatever there is, as much as memory allows.
    public static let unbounded = BufferConfig(maxRecords: .max, maxSizeInBytes: .max, whenFull: .shutDown)

    /// A buffer with limits.
    ///
    /// ```swift
    /// BufferConfig.bounded(maxRecords: 10_000, maxSizeInBytes: 64 << 20, whenFull: .emitEarly)
    /// ```
    public static func bounded(
        maxRecords: Int = .max, maxSizeInBytes: Int = .max, whenFull: WhenFull
    ) -> BufferConfig {
        BufferConfig(maxRecords: maxRecords, maxSizeInBytes: maxSizeInBytes, whenFull: whenFull)
    }

    @usableFromInline
    func isExceeded(count: Int, sizeInBytes: Int) -> Bool { count > maxRecords || sizeInBytes > maxSizeInBytes }

    @usableFromInline
    var limits: String { "\(maxRecords) records or \(maxSizeInBytes) bytes" }
}
