import CoreMetrics
import Testing

@testable import MillraceMetrics

@Suite("Prometheus registry")
struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry()

    private func lines() -> [String] {
        registry.exposition().split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
    }

    @Test("names and labels become such as Prometheus allows, and none comes twice")
    func names() throws {
        Counter(label: "http.requests-2", dimensions: [("a-b", "1"), ("a.b", "2"), ("__x", "3")], factory: registry)
            .increment()
        Meter(label: "9 lives", factory: registry).set(7)
        #expect(lines() == ["_9_lives 7.0", #"http_requests_2_total{a_b="1",a_b_="2",label__x="3"} 1"#])
        _ = try ExpositionParser(isOpenMetrics: true).families(in: registry.exposition(.openMetrics))
    }

    @Test("a name that another kind of metric has is not given twice")
    func clashes() throws {
        Counter(label: "jobs", factory: registry).increment(by: 2)
        Meter(label: "jobs_total", factory: registry).set(1)
        Meter(label: "jobs", factory: registry).set(1)
        Recorder(label: "sizes", factory: registry).record(3)
        Meter(label: "sizes_count", factory: registry).set(9)
        Meter(label: "millrace_threads_failed_total", factory: registry).set(9)
        #expect(lines().contains("jobs_total 2"))
        #expect(lines().contains("sizes_count 1"))
        #expect(lines().filter { $0.hasPrefix("jobs") || $0.hasSuffix(" 9.0") }.count == 1)
        _ = try ExpositionParser(isOpenMetrics: true).families(in: registry.exposition(.openMetrics))
    }

    @Test("counters never go back and never overflow")
    func counters() {
        let counter = Counter(label: "steps", factory: registry)
        counter.increment(by: 5)
        counter.increment(by: -3)
        #expect(lines() == ["steps_total 5"])
        counter.increment(by: Int64.max)
        #expect(lines() == ["steps_total \(Int64.max)"])
        let time = FloatingPointCounter(label: "time_seconds", factory: registry)
        for amount in [0.5, -1, .nan, .infinity, 0.25] { time.increment(by: amount) }
        #expect(lines().contains("time_seconds_total 0.75"))
    }

    @Test("a timer is a histogram of seconds")
    func timer() {
        Timer(label: "requests", factory: registry).recordMilliseconds(30)
        #expect(lines().contains(#"requests_seconds_bucket{le="0.025"} 0"#))
        #expect(lines().contains(#"requests_seconds_bucket{le="0.05"} 1"#))
        #expect(lines().contains(#"requests_seconds_bucket{le="+Inf"} 1"#))
        #expect(lines().contains("requests_seconds_sum 0.03"))
    }

    @Test("a series ends when the last of its instruments is destroyed")
    func destroy() {
        let (first, second) = (
            Counter(label: "visits", factory: registry), Counter(label: "visits", factory: registry)
        )
        first.increment()
        first.destroy()
        second.increment()
        #expect(lines() == ["visits_total 2"])
        second.destroy()
        #expect(lines() == [])
        Counter(label: "visits", factory: registry).increment()
        #expect(lines() == ["visits_total 1"])
    }
}
