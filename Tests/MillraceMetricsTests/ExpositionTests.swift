import CoreMetrics
import Foundation
import TestSupport
import Testing

@testable import MillraceMetrics

@Suite("Exposition")
struct ExpositionTests {
    @Test("whatever is measured is read back as it was, in both formats", arguments: 0..<100)
    func readBack(seed: UInt64) throws {
        var random = SeededNumbers(seed: seed)
        let registry = PrometheusRegistry([])
        var counts: [[String: String]: Int64] = [:]
        let gauge = random.chance(50) ? Double.random(in: -1e12...1e12, using: &random) : 0
        for _ in 0..<random.below(20) {
            let labels = Self.hostileLabels(&random)
            let amount = Int64(random.below(1_000))
            Counter(label: "visits", dimensions: labels, factory: registry).increment(by: amount)
            counts[Dictionary(uniqueKeysWithValues: labels), default: 0] += amount
        }
        Meter(label: "level", factory: registry).set(gauge)
        var values: [Double] = []
        let recorder = Recorder(label: "sizes", factory: registry)
        for _ in 0..<random.below(50) {
            values.append(Double(random.below(1 << random.below(40))) / 64)
            recorder.record(values[values.count - 1])
        }
        try Self.writeForOtherParsers(registry, seed, counts)
        for format in Exposition.allCases {
            let isOpenMetrics = format == .openMetrics
            let families = try ExpositionParser(isOpenMetrics: isOpenMetrics)
                .families(in: registry.exposition(format))
            let visits = families.first { $0.name == (isOpenMetrics ? "visits" : "visits_total") }
            #expect(visits?.kind == (counts.isEmpty ? nil : "counter"))
            let read = (visits?.samples ?? []).map { ($0.labels, Int64($0.value)) }
            #expect(Dictionary(uniqueKeysWithValues: read) == counts)
            let level = try #require(families.first { $0.name == "level" })
            #expect(level.samples.map(\.value) == [gauge])
            let sizes = try #require(families.first { $0.name == "sizes" })
            #expect(sizes.samples.first { $0.name == "sizes_count" }?.value == Double(values.count))
            #expect(sizes.samples.first { $0.name == "sizes_sum" }?.value == values.reduce(0, +))
            for bucket in sizes.samples where bucket.name == "sizes_bucket" {
                let bound = try #require(bucket.labels["le"].map { $0 == "+Inf" ? .infinity : Double($0) ?? .nan })
                #expect(bucket.value == Double(values.count { $0 <= bound }))
            }
        }
    }

    /// Writes the expositions, and what they hold, to the folder that `Tools/metrics-checks` reads, if it asks for them.
    private static func writeForOtherParsers(
        _ registry: PrometheusRegistry, _ seed: UInt64, _ counts: [[String: String]: Int64]
    ) throws {
        guard let path = ProcessInfo.processInfo.environment["MILLRACE_TEST_EXPOSITIONS"] else { return }
        let folder = URL(filePath: path)
        for (format, suffix) in [(Exposition.text, "txt"), (.openMetrics, "om")] {
            try registry.exposition(format).write(
                to: folder.appending(path: "\(seed).\(suffix)"), atomically: true, encoding: .utf8)
        }
        let expected = counts.map { ["labels": $0, "value": $1] as [String: Any] }
        try JSONSerialization.data(withJSONObject: expected).write(to: folder.appending(path: "\(seed).json"))
    }

    private static func hostileLabels(_ random: inout SeededNumbers) -> [(String, String)] {
        let parts = ["\\", "\n", "\"", "a", "{", "}", ",", "=", " ", "ä", "日", "\u{1F600}", "\r", "\t", "\\n", "#"]
        return ["one", "two", "three"].prefix(random.below(4)).map { name in
            (name, (0..<random.below(8)).map { _ in parts[random.below(parts.count)] }.joined())
        }
    }

    @Test(
        "a client gets OpenMetrics only if it prefers it",
        arguments: [
            (nil, Exposition.text), ("*/*", .text), ("text/plain", .text),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0", .openMetrics),
            ("application/openmetrics-text;version=0.0.1", .text),
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics
            ),
            ("text/plain, application/openmetrics-text; q=0.5", .text),
            ("application/openmetrics-text; q=0", .text), ("application/openmetrics-text;q=nonsense", .openMetrics),
            ("", .text), (";;,,=", .text), ("application/json", .text),
        ] as [(String?, Exposition)])
    func negotiation(accept: String?, expected: Exposition) {
        #expect(Exposition.negotiated(accept: accept) == expected)
    }

    @Test("counters carry their suffix in the samples only, where OpenMetrics wants it so, and units are told")
    func openMetrics() {
        let family = ExposedFamily(
            description: MetricDescription(
                name: "stalls_seconds_total", kind: .counter, unit: .seconds, help: "A \"stall\",\nor \\ two."),
            samples: [.init(labels: [MetricLabel(name: "client", value: "a\"b\\c\nd")], value: "1.5")])
        #expect(
            Exposition.openMetrics.write([family]) == #"""
                # TYPE stalls_seconds counter
                # UNIT stalls_seconds seconds
                # HELP stalls_seconds A \"stall\",\nor \\ two.
                stalls_seconds_total{client="a\"b\\c\nd"} 1.5
                # EOF

                """#)
        #expect(
            Exposition.text.write([family]) == #"""
                # HELP stalls_seconds_total A "stall",\nor \\ two.
                # TYPE stalls_seconds_total counter
                stalls_seconds_total{client="a\"b\\c\nd"} 1.5

                """#)
    }

    @Test("numbers are written as Prometheus reads them")
    func numbers() {
        let written = [1, 0.001, 1e21, -2.5, .infinity, -.infinity, .nan].map(Exposition.number)
        #expect(written == ["1.0", "0.001", "1e+21", "-2.5", "+Inf", "-Inf", "NaN"])
    }
}
