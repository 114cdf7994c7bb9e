import CoreMetrics
import Millrace
import MillraceRuntime
import Synchronization
import Testing

@testable import MillraceMetrics

@Suite("Reports to swift-metrics")
struct StreamsMetricsReporterTests {
    private let registry = PrometheusRegistry()

    private func lines() -> [String] { registry.exposition().split(separator: "\n").map(String.init) }

    @Test("a snapshot with everything is exposed by the rules of both formats", arguments: Exposition.allCases)
    func everything(format: Exposition) throws {
        var table = SeriesTable()
        table.report(SampleMetrics.snapshot(), to: registry)
        let families = try ExpositionParser(isOpenMetrics: format == .openMetrics)
            .families(in: registry.exposition(format))
        #expect(families.count == MetricFamily.all.count)
        let declared = Dictionary(
            uniqueKeysWithValues: MetricFamily.all.map(\.description).map {
                (format == .openMetrics ? $0.nameWithoutTotal : $0.name, $0)
            })
        for family in families {
            let description = try #require(declared[family.name])
            #expect(family.help == description.help)
            for sample in family.samples {
                #expect(Set(sample.labels.keys).subtracting(["le"]) == Set(description.labels))
                #expect(sample.labels["client"] == (description.labels.contains("client") ? "risk-one" : nil))
            }
        }
        let commits = try #require(families.first { $0.name == "millrace_commit_latency_seconds" })
        let bucket = commits.samples.first { $0.labels["le"] == "0.1" }
        #expect(bucket?.value == 3)
        #expect(commits.samples.first { $0.name.hasSuffix("_sum") }?.value == 70.073)
    }

    @Test("totals grow by what is new, and those of a task that was opened anew go on")
    func totals() {
        var table = SeriesTable()
        var snapshot = SampleMetrics.snapshot(tasks: ["0_0"])
        func processed() -> String? {
            lines().first { $0.hasPrefix("millrace_task_processed_records_total") }?.split(separator: " ").last
                .map(String.init)
        }
        table.report(snapshot, to: registry)
        #expect(processed() == "10")
        snapshot.metrics.byTask["0_0"]?.processedRecords = 14
        table.report(snapshot, to: registry)
        #expect(processed() == "14")
        snapshot.metrics.byTask["0_0"]?.processedRecords = 3
        table.report(snapshot, to: registry)
        #expect(processed() == "17")
    }

    @Test("the series of a task that has moved away disappear, and come back with it")
    func moved() {
        var table = SeriesTable()
        table.report(SampleMetrics.snapshot(), to: registry)
        #expect(lines().contains { $0.contains(#"task="0_1""#) })
        table.report(SampleMetrics.snapshot(tasks: ["0_0"]), to: registry)
        #expect(!lines().contains { $0.contains(#"task="0_1""#) })
        #expect(lines().contains { $0.contains(#"task="0_0""#) })
        #expect(!lines().contains { $0.contains(#"partition="1""#) })
        table.report(SampleMetrics.snapshot(), to: registry)
        #expect(
            lines().contains(
                #"millrace_task_processed_records_total{client="risk-one",thread="0",task="0_1"} 20"#))
    }

    @Test("another backend gets counters, meters and the parts of histograms, and is told what has ended")
    func otherBackend() {
        let backend = RecordingBackend()
        var table = SeriesTable()
        table.report(SampleMetrics.snapshot(), to: backend)
        let task = [("client", "risk-one"), ("thread", "0"), ("task", "0_1")]
        #expect(backend.value("millrace_task_processed_records_total", task) == 20)
        #expect(backend.value("millrace_end_to_end_latency_seconds_bucket", task + [("le", "0.1")]) == 3)
        #expect(backend.value("millrace_end_to_end_latency_seconds_bucket", task + [("le", "+Inf")]) == 4)
        #expect(backend.value("millrace_end_to_end_latency_seconds_sum", task) == 70.073)
        let partition = task + [("topic", "events"), ("partition", "1")]
        #expect(backend.value("millrace_partition_lag_seconds", partition) == 2)
        table.report(SampleMetrics.snapshot(tasks: ["0_0"]), to: backend)
        #expect(backend.value("millrace_task_processed_records_total", task) == nil)
        #expect(backend.value("millrace_partition_lag_seconds", partition) == nil)
        #expect(backend.value("millrace_end_to_end_latency_seconds_bucket", task + [("le", "+Inf")]) == nil)
    }

    @Test("an application that does not run reports its state")
    func notStarted() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string).to("out")
        let application = StreamsApplication(
            try builder.build(),
            configuration: StreamsConfiguration(
                applicationID: "risk", bootstrapServers: ["localhost:9092"], stateDirectory: "/var/lib/risk"))
        StreamsMetricsReporter(application, factory: registry).report()
        #expect(lines().contains(#"millrace_client_state{client="risk",application="risk",state="created"} 1.0"#))
        #expect(lines().contains(#"millrace_threads_alive{client="risk"} 0.0"#))
    }
}

/// A backend that keeps values by name and dimensions.
private final class RecordingBackend: MetricsFactory {
    final class Cell: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
        private let state = Mutex((value: 0.0, isDestroyed: false))
        var value: Double? { state.withLock { $0.isDestroyed ? nil : $0.value } }
        func add(_ amount: Double) { state.withLock { $0.value += amount } }
        func increment(by amount: Int64) { add(Double(amount)) }
        func increment(by amount: Double) { add(amount) }
        func decrement(by amount: Double) { add(-amount) }
        func reset() { set(0.0) }
        func set(_ value: Int64) { set(Double(value)) }
        func set(_ value: Double) { state.withLock { $0.value = value } }
        func record(_ value: Int64) { set(value) }
        func record(_ value: Double) { set(value) }
        func recordNanoseconds(_ duration: Int64) { set(duration) }
        func destroy() { state.withLock { $0.isDestroyed = true } }
    }

    private let cells = Mutex<[String: Cell]>([:])

    private func key(_ label: String, _ dimensions: [(String, String)]) -> String { "\(label)\(dimensions)" }

    func value(_ label: String, _ dimensions: [(String, String)]) -> Double? {
        cells.withLock { $0[key(label, dimensions)]?.value }
    }

    private func make(_ label: String, _ dimensions: [(String, String)]) -> Cell {
        let cell = Cell()
        cells.withLock { $0[key(label, dimensions)] = cell }
        return cell
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { make(label, dimensions) }
    func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { make(label, dimensions) }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { make(label, dimensions) }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        make(label, dimensions)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { make(label, dimensions) }
    func destroyCounter(_ handler: any CounterHandler) { (handler as? Cell)?.destroy() }
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { (handler as? Cell)?.destroy() }
    func destroyMeter(_ handler: any MeterHandler) { (handler as? Cell)?.destroy() }
    func destroyRecorder(_ handler: any RecorderHandler) { (handler as? Cell)?.destroy() }
    func destroyTimer(_ handler: any TimerHandler) { (handler as? Cell)?.destroy() }
}
