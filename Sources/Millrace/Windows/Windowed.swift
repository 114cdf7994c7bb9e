/// A span of time. Kafka: `Window`.
///
/// The kind of window decides whether its end is part of it: a time window ends right before its end, a sliding or a session
/// window ends with it.
public struct Window: Hashable, Sendable {
    /// Milliseconds since the epoch.
    public var startMs: Int64
    /// Milliseconds since the epoch.
    public var endMs: Int64

    /// Makes a window.
    ///
    /// - Parameters:
    ///   - startMs: the first moment, in milliseconds since the epoch.
    ///   - endMs: the end, in milliseconds since the epoch: excluded in a time window, included in a session or sliding
    ///     window.
    @inlinable
    public init(startMs: Int64, endMs: Int64) {
        self.startMs = startMs
        self.endMs = endMs
    }

    /// Makes the window of a size that begins at a moment. It ends no later than the end of time.
    @inlinable
    package init(startMs: Int64, sizeMs: Int64) {
        self.init(startMs: startMs, endMs: (Moment(ms: startMs) + TimeSpan(ms: sizeMs)).ms)
    }
}

/// A key together with a window, as in the results of windowed operations. Kafka: `Windowed`.
///
/// ```swift
/// views.groupByKey().windowedBy(.tumbling(.seconds(60))).count().toStream()
///     .selectKey { page, _ in page.map { "\($0.key)@\($0.window.startMs)" } }
/// ```
public struct Windowed<Key> {
    /// The record's key.
    public var key: Key
    /// The window.
    public var window: Window

    /// Makes a key of a window.
    ///
    /// - Parameters:
    ///   - key: the record's key.
    ///   - window: the window.
    @inlinable
    public init(key: Key, window: Window) {
        self.key = key
        self.window = window
    }
}

extension Windowed: Sendable where Key: Sendable {}
extension Windowed: Equatable where Key: Equatable {}
extension Windowed: Hashable where Key: Hashable {}
