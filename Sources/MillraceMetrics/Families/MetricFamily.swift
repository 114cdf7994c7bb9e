import Millrace
import MillraceConnectRuntime
import MillraceRuntime

/// A family of metrics of an instance: everything that is said of it, and how it is read from a snapshot.
///
/// A new family needs an entry in one of the lists of ``MetricFamily/all``, and a line in docs/monitoring.md, which a test asks for.
struct MetricFamily: Sendable {
    let description: MetricDescription
    /// The name of the metric in Kafka, as its JMX beans show it; `nil` if Kafka has none.
    let kafkaName: String?
    let read: @Sendable (MetricsSnapshot) -> [MetricSample]

    init(
        _ name: String, _ kind: MetricDescription.Kind, _ help: String, labels: [String], kafka: String? = nil,
        unit: MetricDescription.Unit? = nil, _ read: @escaping @Sendable (MetricsSnapshot) -> [MetricSample]
    ) {
        description = MetricDescription(
            name: "millrace_" + name, kind: kind, unit: unit, help: help, labels: ["client"] + labels)
        kafkaName = kafka
        self.read = read
    }

    /// Makes a family of the process, which has no labels.
    init(
        process name: String, _ kind: MetricDescription.Kind, _ help: String, unit: MetricDescription.Unit? = nil,
        _ read: @escaping @Sendable (ProcessMetrics) -> MetricValue?
    ) {
        description = MetricDescription(name: "process_" + name, kind: kind, unit: unit, help: help)
        kafkaName = nil
        self.read = { snapshot in snapshot.process.flatMap(read).map { [MetricSample([], $0)] } ?? [] }
    }

    /// All families, in the order in which they are exposed.
    static let all: [MetricFamily] =
        ofClients + ofThreads + ofTasks + ofPartitions + ofStores + ofIndexes + ofStoreOperations + ofDatabases
        + ofMemory + ofProcess + ofEmbeddingCaches + ofConnectors
}

/// The description of a family for scrapers.
struct MetricDescription: Sendable, Hashable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    /// A base unit, with which the names of its families end.
    enum Unit: String, Sendable { case seconds, bytes }

    /// The name with its unit; that of a counter ends with `_total`.
    var name: String
    var kind: Kind
    var unit: Unit?
    var help: String
    /// The names of the labels, in order.
    var labels: [String] = []
}

/// The metrics of an instance at one moment.
struct MetricsSnapshot: Sendable {
    var metrics: StreamsMetrics
    var state: StateMetrics?
    var stores: [StoreDescription]
    var process: ProcessMetrics?
    var caches: [CacheFigures] = []
    var connectors: [ConnectorStatus] = []
    /// The number of differences between the connectors of a worker's processes; `nil` for an instance that is no such process.
    var connectorDifferences: Int?
}

/// One value of a family.
struct MetricSample: Sendable {
    /// The values of all labels but the client.
    var labels: [String]
    var value: MetricValue

    init(_ labels: [String] = [], _ value: MetricValue) {
        self.labels = labels
        self.value = value
    }
}

enum MetricValue: Sendable {
    case integer(Int)
    case real(Double)
    case histogram(LatencyHistogram)

    static func seconds(_ duration: Duration) -> MetricValue { .real(duration.inSeconds) }
    static func flag(_ isSet: Bool) -> MetricValue { .integer(isSet ? 1 : 0) }
}

extension Duration {
    /// The duration in seconds, as exact as a floating-point number is.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        // Whole nanoseconds, because the sum of two rounded numbers would show digits that nobody measured.
        return (Double(seconds) * 1e9 + Double(attoseconds / 1_000_000_000)) / 1e9
    }
}
