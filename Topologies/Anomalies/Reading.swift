/// A measured value, as JSON in the topic `sensor-readings`, keyed by the sensor.
public struct Reading: Codable, Sendable, Hashable {
    public var value: Double
    /// The time of the measurement, in milliseconds since the epoch.
    public var timestampMs: Int64

    public init(value: Double, timestampMs: Int64) {
        self.value = value
        self.timestampMs = timestampMs
    }
}

/// A reading that lies far from those just before it, as JSON in the topic `sensor-anomalies`, keyed by the sensor.
public struct Anomaly: Codable, Sendable, Hashable {
    public var reading: Reading
    /// The mean of the readings before it within the window.
    public var mean: Double
    /// Its distance from their mean, in their standard deviations.
    public var deviations: Double

    public init(reading: Reading, mean: Double, deviations: Double) {
        self.reading = reading
        self.mean = mean
        self.deviations = deviations
    }
}

/// The readings of one window: the latest one, and the sums of the others.
public struct WindowStatistics: Codable, Sendable, Hashable {
    public var latest: Reading?
    public var count = 0
    public var sum = 0.0
    public var sumOfSquares = 0.0

    public init() {}

    func adding(_ reading: Reading) -> WindowStatistics {
        var statistics = self
        guard let latest else {
            statistics.latest = reading
            return statistics
        }
        let isLater = reading.timestampMs >= latest.timestampMs
        let other = isLater ? latest.value : reading.value
        if isLater { statistics.latest = reading }
        statistics.count += 1
        statistics.sum += other
        statistics.sumOfSquares += other * other
        return statistics
    }

    /// The latest reading, if it lies too far from the others.
    ///
    /// - Parameters:
    ///   - threshold: the number of standard deviations that are too far.
    ///   - minimum: the number of other readings that are needed to judge.
    func anomaly(threshold: Double, minimum: Int) -> Anomaly? {
        guard let latest, count >= minimum, count > 0 else { return nil }
        let mean = sum / Double(count)
        let variance = max(0, sumOfSquares / Double(count) - mean * mean)
        // Readings that are all alike deviate by the tiniest bit of their size.
        let deviation = max(variance.squareRoot(), abs(mean) * 1e-6, .leastNonzeroMagnitude)
        let deviations = abs(latest.value - mean) / deviation
        return deviations > threshold ? Anomaly(reading: latest, mean: mean, deviations: deviations) : nil
    }
}
