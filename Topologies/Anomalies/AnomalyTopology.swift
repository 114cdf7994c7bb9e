public import Millrace

/// Anomalies of sensors: readings that lie far from those of the same sensor in the time just before.
///
/// Each reading is judged against the sliding window that ends with it. No window has to close first, so an anomaly is told with
/// the reading that is one.
public struct AnomalyTopology: Sendable {
    public static let readings = "sensor-readings"
    public static let anomalies = "sensor-anomalies"
    public static let store = "sensor-statistics"

    /// How far back a reading is compared; a minute by default.
    public var span: Duration = .seconds(60)
    /// How late a reading may come; 10 seconds by default.
    public var grace: Duration = .seconds(10)
    /// How many standard deviations from the mean are an anomaly; 4 by default.
    public var threshold = 4.0
    /// How many readings it takes to judge another one; 5 by default.
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
            // Of the windows that a reading is in, the one that ends with it has what came before it.
            .filter { windowed, statistics in windowed?.window.endMs == statistics.latest?.timestampMs }
            .map(key: .string, value: .json(Anomaly.self)) { windowed, statistics in
                (windowed?.key, statistics.anomaly(threshold: threshold, minimum: minimum))
            }
            .filter { _, _ in true }
            .to(Self.anomalies)
    }
}
