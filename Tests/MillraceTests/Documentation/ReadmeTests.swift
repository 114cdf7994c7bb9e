import Foundation
import Testing

/// The README's statements on features and speed are those of the pages that have them in full.
@Suite("The README")
struct ReadmeTests {
    /// The sections of docs/features.md: a heading, a line, a table.
    private static func sections() throws -> [(name: Substring, summary: Substring)] {
        try Repository.text(of: "docs/features.md").matches(of: /\n## ([^\n]+)\n\n([^|\n][^\n]*)\n/)
            .map { ($0.1, $0.2) }
    }

    @Test("the table of what works has the first line of each section of the features")
    func table() throws {
        let readme = try Repository.text(of: "README.md")
        let headings = try Repository.text(of: "docs/features.md").split(separator: "\n").count { $0.hasPrefix("## ") }
        let sections = try Self.sections()
        #expect(sections.count == headings, "a section of docs/features.md has no line under its heading")
        let expected = sections.map { name, summary in
            "| [\(name)](docs/features.md#\(name.lowercased().replacing(" ", with: "-"))) | \(summary) |"
        }
        let rows = readme.split(separator: "\n").filter { $0.hasPrefix("| [") }.map(String.init)
        #expect(rows == expected, "the table has to be:\n\(expected.joined(separator: "\n"))")
    }

    @Test("the list of what is not there has the features without an answer")
    func missing() throws {
        let missing = try FeatureTableTests.rows().filter { $0.answer == "–" }.map { "- \($0.feature)" }
        let readme = try Repository.text(of: "README.md")
        let list = try #require(readme.firstMatch(of: /\nNot there:\n\n((?:- [^\n]+\n)*)/))
        #expect(list.1.split(separator: "\n").map(String.init) == missing)
        #expect(!missing.isEmpty)
    }

    @Test("the figures are those of the performance page, rounded")
    func figures() throws {
        let readme = try Repository.text(of: "README.md")
        for (column, guarantee) in ["exactly once", "at least once"].enumerated() {
            let risk = try Self.measurement("risk", guarantee)
            let latency = try Self.measurement("latency", "\(guarantee), 10000/s")
            let median = try Self.rounded(latency[7], /p50 ms ([\d.]+)/)
            let slowest = try Self.rounded(latency[7], /p99 ms ([\d.]+)/)
            let rate = try Self.number(risk[3], /^(\d+)/)
            let expected = try [
                "records a second": "\(Int((rate / 1000).rounded())),000",
                "CPU for": String(format: "%.1f µs", Self.number(risk[4], /^([\d.]+)/)),
                "memory": "\(Self.rounded(risk[6], /^(\d+)/)) MiB",
                "from an event": "\(median) ms, \(slowest) ms",
                "from the start": "\(Self.rounded(risk[7], /running after ms ([\d.]+)/)) ms",
            ]
            for (label, value) in expected {
                let row = try #require(readme.split(separator: "\n").first { $0.hasPrefix("| \(label)") })
                #expect(Self.cells(row)[column + 1] == value, "\(label), \(guarantee)")
            }
        }
    }

    /// The cells of Millrace's row of the table of measurements.
    private static func measurement(_ workload: String, _ variant: String) throws -> [String] {
        let rows = try Repository.text(of: "docs/performance.md").split(separator: "\n").map(cells)
        return try #require(rows.first { $0.count == 8 && $0[..<3] == [workload, variant, "millrace"] })
    }

    private static func cells(_ row: Substring) -> [String] {
        row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func number(_ cell: String, _ pattern: Regex<(Substring, Substring)>) throws -> Double {
        let match = try #require(cell.firstMatch(of: pattern))
        return try #require(Double(match.1))
    }

    private static func rounded(_ cell: String, _ pattern: Regex<(Substring, Substring)>) throws -> Int {
        Int(try number(cell, pattern).rounded())
    }
}
