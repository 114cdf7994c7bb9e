/// Windows of a fixed size, from their start up to but excluding their end. Kafka: `TimeWindows`, `UnlimitedWindows`.
///
/// ```swift
/// payments.groupByKey().windowedBy(.tumbling(.seconds(60)))
/// payments.groupByKey().windowedBy(.hopping(.seconds(60), advance: .seconds(10), grace: .seconds(5)))
/// ```
///
/// Windows begin at multiples of their advance since the epoch. A window accepts records until stream time has reached its
/// end plus the grace. Later records are dropped and counted as ``DropReason/expired``.
///
/// A record changes the result of each window that contains it: there are size / advance of them, rounded up. A topology
/// whose windows number more than 100,000 per record is refused when it is built. The limit leaves room for a day by the
/// second (86,400) or for two months by the minute (87,840), at about a tenth of a second for each record. With a million
/// windows one record would block its task for seconds, and with more for ever. Kafka Streams has no such limit.
public struct TimeWindows: Hashable, Sendable {
    /// The size in milliseconds; the largest possible for an unlimited window.
    public let sizeMs: Int64
    /// The time from one window's start to the next one's, in milliseconds.
    public let advanceMs: Int64
    /// The time after its end for which a window still accepts records, in milliseconds.
    public let graceMs: Int64
    /// The start of the only window; `nil` for windows that repeat.
    @usableFromInline let onlyStartMs: Int64?

    @usableFromInline
    init(sizeMs: Int64, advanceMs: Int64, graceMs: Int64, onlyStartMs: Int64? = nil) {
        self.sizeMs = sizeMs
        self.advanceMs = advanceMs
        self.graceMs = graceMs
        self.onlyStartMs = onlyStartMs
    }

    /// Windows that follow one another without gaps: each record is in exactly one.
    ///
    /// - Parameters:
    ///   - size: at least a millisecond.
    ///   - grace: how long after its end a window still accepts records; not at all by default.
    public static func tumbling(_ size: Duration, grace: Duration = .zero) -> TimeWindows {
        TimeWindows(
            sizeMs: size.wholeMilliseconds, advanceMs: size.wholeMilliseconds, graceMs: grace.wholeMilliseconds)
    }

    /// Windows that overlap: a new one begins at every multiple of the advance.
    ///
    /// - Parameters:
    ///   - size: at least a millisecond.
    ///   - advance: at least a millisecond and at most the size.
    ///   - grace: how long after its end a window still accepts records; not at all by default.
    public static func hopping(_ size: Duration, advance: Duration, grace: Duration = .zero) -> TimeWindows {
        TimeWindows(
            sizeMs: size.wholeMilliseconds, advanceMs: advance.wholeMilliseconds, graceMs: grace.wholeMilliseconds)
    }

    /// One window that begins at a moment and never ends; earlier records are in no window.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.unlimited()).count()
    /// ```
    ///
    /// - Parameter startMs: milliseconds since the epoch, not negative; the epoch itself by default.
    public static func unlimited(fromMs startMs: Int64 = 0) -> TimeWindows {
        TimeWindows(sizeMs: .max, advanceMs: .max, graceMs: 0, onlyStartMs: startMs)
    }

    /// Calls `body` for the start of each window that a moment is in, the earliest first.
    @inlinable
    package func forEachStart(at timestampMs: Int64, _ body: (_ startMs: Int64) throws -> Void) rethrows {
        if let onlyStartMs {
            if timestampMs >= onlyStartMs { try body(onlyStartMs) }
            return
        }
        let moment = Moment(ms: timestampMs)
        var start = (moment - size + advance).notBeforeEpoch.roundedDown(to: advance)
        while start <= moment {
            try body(start.ms)
            // After the last window there may be no moment at which the next one could begin.
            if moment - start < advance { return }
            start += advance
        }
    }

    @inlinable package var size: TimeSpan { TimeSpan(ms: sizeMs) }
    @inlinable package var advance: TimeSpan { TimeSpan(ms: advanceMs) }
    @inlinable package var grace: TimeSpan { TimeSpan(ms: graceMs) }

    @inlinable
    package func window(startingAt startMs: Int64) -> Window {
        onlyStartMs == nil ? Window(startMs: startMs, sizeMs: sizeMs) : Window(startMs: startMs, endMs: .max)
    }

    /// The most windows that a record may be in.
    static let mostWindowsPerRecord: Int64 = 100_000

    /// A description of the problem with the sizes, reported when the topology is built.
    @usableFromInline
    var problem: String? {
        if let onlyStartMs, onlyStartMs < 0 {
            return "an unlimited window from \(onlyStartMs) ms on; it must not begin before the epoch"
        }
        if sizeMs < 1 { return "a window of \(sizeMs) ms; the shortest is a millisecond" }
        if advanceMs < 1 || advanceMs > sizeMs {
            return "windows of \(sizeMs) ms that advance by \(advanceMs) ms; it must be 1 to \(sizeMs) ms"
        }
        let windowsPerRecord = size.count(of: advance)
        if windowsPerRecord > Self.mostWindowsPerRecord {
            return
                "windows of \(sizeMs) ms that advance by \(advanceMs) ms: each record would be in \(windowsPerRecord) of "
                + "them, and at most \(Self.mostWindowsPerRecord) are possible; give a longer advance or a shorter size"
        }
        return graceMs < 0 ? "a grace of \(graceMs) ms; it must not be negative" : nil
    }
}
