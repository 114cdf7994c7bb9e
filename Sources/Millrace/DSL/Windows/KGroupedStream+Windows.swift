extension KGroupedStream {
    /// Groups the records of each key by time windows: tumbling, hopping or unlimited.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.tumbling(.seconds(60))).count()
    /// ```
    ///
    /// Kafka: `KGroupedStream.windowedBy(Windows)`.
    @inlinable
    public func windowedBy(_ windows: TimeWindows) -> TimeWindowedKStream<Key, Value> {
        TimeWindowedKStream(group: WindowedGroup(self, .time(windows)))
    }

    /// Groups the records of each key by sliding windows.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.sliding(.seconds(30))).count()
    /// ```
    ///
    /// Kafka: `KGroupedStream.windowedBy(SlidingWindows)`.
    @inlinable
    public func windowedBy(_ windows: SlidingWindows) -> TimeWindowedKStream<Key, Value> {
        TimeWindowedKStream(group: WindowedGroup(self, .sliding(windows)))
    }

    /// Groups the records of each key by sessions.
    ///
    /// ```swift
    /// payments.groupByKey().windowedBy(.session(gap: .seconds(300))).count()
    /// ```
    ///
    /// Kafka: `KGroupedStream.windowedBy(SessionWindows)`.
    @inlinable
    public func windowedBy(_ windows: SessionWindows) -> SessionWindowedKStream<Key, Value> {
        SessionWindowedKStream(group: WindowedGroup(self, windows))
    }
}
