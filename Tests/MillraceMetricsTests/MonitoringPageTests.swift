import Foundation
import Testing

@testable import MillraceMetrics

/// The table of metrics in docs/monitoring.md, which is made of the families.
@Suite("The page on monitoring")
struct MonitoringPageTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let page = root.appending(path: "docs/monitoring.md")
    private static let head = "| metric | labels beside `client` | | Kafka |\n| --- | --- | --- | --- |\n"

    @Test("has the table of all families")
    func table() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let head = try #require(text.range(of: Self.head))
        let end = try #require(text.range(of: "\n\n", range: head.upperBound..<text.endIndex))
        let rows = MetricFamily.all.map(Self.row).joined(separator: "\n")
        if ProcessInfo.processInfo.environment["MILLRACE_TEST_WRITE_DOCS"] != nil {
            let written = text.replacingCharacters(in: head.upperBound..<end.lowerBound, with: rows)
            try written.write(to: Self.page, atomically: true, encoding: .utf8)
        } else {
            #expect(
                text[head.upperBound..<end.lowerBound] == rows,
                "write it with MILLRACE_TEST_WRITE_DOCS=1 swift test --filter MonitoringPageTests")
        }
    }

    private static func row(_ family: MetricFamily) -> String {
        let description = family.description
        let labels = description.labels.filter { $0 != "client" }.map { "`\($0)`" }.joined(separator: ", ")
        let kafka = family.kafkaName.map { "`\($0)`" } ?? "–"
        return "| `\(description.name)`, \(description.kind.rawValue) | \(labels) | \(description.help) | \(kafka) |"
    }

    @Test("the rules, the dashboard and the page name only metrics that there are")
    func named() throws {
        let known = Set(
            MetricFamily.all.flatMap { family in
                ["", "_bucket", "_sum", "_count"].map { family.description.name + $0 }
            })
        for path in [
            "docs/monitoring.md", "Tools/monitoring/alerts.yml", "Tools/monitoring/alerts-test.yml",
            "Tools/monitoring/dashboard.json",
        ] {
            let text = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
            let names = Set(text.matches(of: /\b(?:millrace|process)_[a-z_]+/).map { String($0.output) })
            #expect(names.count > 5, "\(path)")
            #expect(names.subtracting(known) == [], "\(path)")
        }
    }
}
