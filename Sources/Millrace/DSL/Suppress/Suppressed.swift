/// The time for which a table's changes are held back, and the kind of buffer. Kafka: `Suppressed` (KIP-328).
public struct Suppressed<Key>: Sendable {
    @usableFromInline
    enum Until: Sendable {
        /// The buffer time is the record's own.
        case timeLimit(delayMs: Int64)
        /// The buffer time is the window's end, which the closure returns; the delay is the grace of the windows.
        case windowCloses(endMs: @Sendable (Key) -> Int64)
    }

    @usableFromInline let until: Until
    @usableFromInline let buffer: BufferConfig

    @usableFromInline
    init(until: Until, buffer: BufferConfig) {
        self.until = until
        self.buffer = buffer
    }

    /// Forwards the newest change of each key once stream time is further than a limit beyond the first change that was held
    /// back.
    ///
    /// ```swift
    /// balances.suppress(.untilTimeLimit(.seconds(10), buffer: .bounded(maxRecords: 1_000, whenFull: .emitEarly)))
    /// ```
    ///
    /// - Parameters:
    ///   - limit: how long a key's changes are held back, in stream time.
    ///   - buffer: how many are held back; without a limit by default.
    public static func untilTimeLimit(_ limit: Duration, buffer: BufferConfig = .unbounded) -> Suppressed {
        Suppressed(until: .timeLimit(delayMs: limit.wholeMilliseconds), buffer: buffer)
    }

    /// Forwards only the final result of each window, once the window and its grace are over. Deletions are not forwarded.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.tumbling(.seconds(60), grace: .seconds(5))).count()
    ///     .suppress(.untilWindowCloses())
    /// ```
    ///
    /// - Parameter buffer: how many windows wait; without a limit by default. A buffer that emits early would forward results
    ///   that are not final, and is refused when the topology is built.
    public static func untilWindowCloses<Inner>(
        buffer: BufferConfig = .unbounded
    ) -> Suppressed where Key == Windowed<Inner> {
        Suppressed(until: .windowCloses(endMs: { $0.window.endMs }), buffer: buffer)
    }
}
