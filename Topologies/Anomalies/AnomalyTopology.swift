public import Millrace

/// Anomalies of sensors: readings that lie far from those of the same sensor in the time just before.
///
/// Each reading is judged against the sliding window that ends with it. No window has to close first, so an anomaly is reported
/// as soon as it is read.
public struct AnomalyTopology: Sendable {
    public static let readings = "sensor-readings"
    public static let anomalies = "sensor-anomalies"
    public static let store = "sensor-statistics"

    /// The span of earlier readings that a reading is compared with; a minute by default.
    public var span: Duration = .seconds(60)
    /// The time by which a reading may be late; 10 seconds by default.
    public var grace: Duration = .seconds(10)
    /// The number of standard deviations from the mean that make an anomaly; 4 by default.
    public var threshold = 4.0
    /// The number of readings that are needed to judge another one; 5 by default.
    public var minimum = 5

    public init() {}

    public func define(in builder: StreamsBuilder) {
        let (threshold, minimum) = (threshold, minimum)
        builder
            .stream(Self.readings, key: .string, value: .json(Reading.self), timestamp: .value(\.timestampMs))
            .groupByKey()
            .windowedBy(.sliding(span, grace: grace))
            .aggregate(
                into: .store(Self.store, value: .json(WindowStatistics.self)).withoutCache(),
                initial: WindowStatistics()
            ) { _, reading, statistics in statistics.adding(reading) }
            .toStream()
            // Of the windows of a reading, the one that ends with it has the readings before it.
            .filter { windowed, statistics in windowed?.window.endMs == statistics.latest?.timestampMs }
            .map(key: .string, value: .json(Anomaly.self)) { windowed, statistics in
                (windowed?.key, statistics.anomaly(threshold: threshold, minimum: minimum))
            }
            .filter { _, _ in true }
            .to(Self.anomalies)
    }
}
