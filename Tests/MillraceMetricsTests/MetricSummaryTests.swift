import CoreMetrics
import Testing

@testable import MillraceMetrics

@Suite("Summaries of metrics")
struct MetricSummaryTests {
    private let registry = PrometheusRegistry()

    private func summary(_ name: String) throws -> MetricSummary {
        try #require(registry.summaries.first { $0.name == name })
    }

    @Test("a counter and a gauge have their values and labels")
    func values() throws {
        Counter(label: "visits", dimensions: [("page", "start")], factory: registry).increment(by: 3)
        Meter(label: "level", factory: registry).set(-1.5)
        let visits = try summary("visits_total")
        #expect(visits.value == 3 && visits.kind == "counter" && visits.distribution == nil)
        #expect(visits.labels.map(\.name) == ["page"] && visits.labels.map(\.value) == ["start"])
        #expect(try summary("level").value == -1.5)
    }

    @Test("a histogram has its count, its sum, its median and its 99th percentile, of each series alone")
    func histogram() throws {
        for (route, seconds) in [("a", 0.02), ("b", 2.0)] {
            let timer = CoreMetrics.Timer(label: "answer", dimensions: [("route", route)], factory: registry)
            for _ in 0..<100 { timer.recordSeconds(seconds) }
        }
        let series = registry.summaries.filter { $0.name == "answer_seconds" }
        #expect(series.map { $0.labels.map(\.value) } == [["a"], ["b"]])
        let first = try #require(series.first?.distribution)
        #expect(first.count == 100 && abs(first.sum - 2) < 1e-9)
        // All are in the bucket from 0.01 to 0.025.
        #expect(abs((first.median ?? 0) - 0.0175) < 1e-9)
        #expect(abs((first.p99 ?? 0) - 0.02485) < 1e-9)
        #expect(series.last?.distribution?.median ?? 0 > 1)
    }

    @Test("a histogram without values has no percentiles; one with values beyond all bounds has the largest bound")
    func extremes() throws {
        let empty = CoreMetrics.Timer(label: "never", factory: registry)
        #expect(try summary("never_seconds").distribution?.median == nil)
        empty.recordSeconds(1_000)
        #expect(try summary("never_seconds").distribution?.p99 == 10)
    }
}
