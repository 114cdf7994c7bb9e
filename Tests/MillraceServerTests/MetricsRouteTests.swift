import Foundation
import NIOHTTP1
import Testing

@testable import MillraceServer

extension ServerTests {
    @Suite("Metrics over HTTP")
    struct MetricsRouteTests {
        @Test("a scrape shows what the instance has done, in the format that the client prefers")
        func scrape() async throws {
            try await withServers(1) { broker, servers in
                try broker.write((0..<20).map { "k\($0)" })
                try await eventually("twenty records") {
                    let text = try await servers[0].get("/metrics").text
                    return Self.total("millrace_processed_records_total", in: text) == 20
                        && Self.total("millrace_end_to_end_latency_seconds_count", in: text) > 0
                }
                let text = try await servers[0].get("/metrics")
                #expect(text.headers.first(name: "content-type") == "text/plain; version=0.0.4; charset=utf-8")
                #expect(text.text.contains("# TYPE millrace_processed_records_total counter\n"))
                #expect(Self.total("millrace_partition_lag_records", in: text.text) == 0)
                let other = try await servers[0].get(
                    "/metrics", [("accept", "application/openmetrics-text; version=1.0.0, text/plain;q=0.5")])
                #expect(
                    other.headers.first(name: "content-type")
                        == "application/openmetrics-text; version=1.0.0; charset=utf-8")
                #expect(other.text.contains("# TYPE millrace_processed_records counter\n"))
                #expect(other.text.hasSuffix("# EOF\n"))
                let head = try await servers[0].send(.HEAD, "/metrics")
                #expect(head.status == 200 && head.text.isEmpty)
            }
        }

        @Test("the summaries of metrics have the values of a scrape, with percentiles")
        func summaries() async throws {
            try await withServers(1) { broker, servers in
                try broker.write((0..<20).map { "k\($0)" })
                try await eventually("twenty records") {
                    let text = try await servers[0].get("/metric-summaries").text
                    let series = try JSONDecoder().decode(Summaries.self, from: Data(text.utf8)).series
                    let processed = series.filter { $0.name == "millrace_processed_records_total" }
                    let latencies = series.filter { $0.name == "millrace_end_to_end_latency_seconds" }
                    return processed.reduce(0) { $0 + ($1.value ?? 0) } == 20
                        && latencies.contains { ($0.count ?? 0) > 0 && ($0.p99 ?? 0) > 0 }
                }
            }
        }

        private struct Summaries: Decodable {
            struct Series: Decodable {
                var name: String
                var value: Double?
                var count: Double?
                var p99: Double?
            }

            var series: [Series]
        }

        /// The sum of all series of a name.
        private static func total(_ name: String, in text: String) -> Double {
            text.split(separator: "\n").filter { $0.hasPrefix(name + "{") }
                .reduce(0) { $0 + (Double($1.split(separator: " ").last ?? "") ?? 0) }
        }

        @Test("the metrics take the right to read")
        func permission() async throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try "read 0123456789abcdef-read\n".write(to: file, atomically: true, encoding: .utf8)
            try await withServers(1, settings: .init(tokenFile: file.path)) { _, servers in
                let refused = try await servers[0].get("/metrics")
                #expect(refused.status == 401)
                let token = [("authorization", "Bearer 0123456789abcdef-read")]
                let answered = try await servers[0].get("/metrics", token)
                #expect(answered.status == 200)
            }
        }
    }
}
