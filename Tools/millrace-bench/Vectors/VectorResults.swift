import Foundation

/// What was measured of vector indexes.
package struct VectorResults: Codable, Sendable {
    /// The curves of all subjects over one set.
    package struct Compared: Codable, Sendable {
        package var set: String
        package var count: Int
        package var dimensions: Int
        /// The segments of the subject that is an index with commits.
        package var segments: Int
        package var curves: [Curve]
    }

    /// By the name of the part.
    package var comparisons: [String: Compared] = [:]
    package var filters: [FilterMeasure] = []
    package var updates: UpdateLatency?
    package var opening: Opening?
    package var growth: Growth?
    package var structuredGrowth: Growth?

    package init() {}

    /// Reads results that were written before; there are none if there is no such file.
    ///
    /// - Throws: what reading and decoding throw.
    package static func reading(_ path: String) throws -> VectorResults {
        guard FileManager.default.fileExists(atPath: path) else { return VectorResults() }
        return try JSONDecoder().decode(VectorResults.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Writes the results.
    ///
    /// - Throws: what writing throws.
    package func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path))
    }

    // MARK: Charts

    /// Writes a chart for each comparison and one of the growth into a folder. Returns the names of the files.
    ///
    /// - Throws: what writing throws.
    package func writeCharts(to folder: String) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var charts: [(String, Chart)] = comparisons.map { ("vectors-\($0.key).svg", Self.chart(of: $0.value)) }
        if let growth { charts.append(("vectors-growth.svg", Self.chart(of: growth))) }
        if let structuredGrowth {
            charts.append(("vectors-growth-structured.svg", Self.chart(of: structuredGrowth)))
        }
        for (name, chart) in charts {
            try Data(chart.svg.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        return charts.map(\.0).sorted()
    }

    private static let leastRecall = 0.8
    /// The colour of each subject, the same in all charts.
    private static let colors = [
        "millrace": Chart.colors[0], "millrace float16": Chart.colors[5], "millrace int8": Chart.colors[2],
        "millrace binary": Chart.colors[3], "millrace index": "#171b21", "hnswlib": Chart.colors[1],
        "RediSearch": Chart.colors[4], "pgvector": Chart.colors[6],
    ]

    private static func chart(of compared: Compared) -> Chart {
        let lines = compared.curves.map { curve in
            let color = colors[curve.subject] ?? "#171b21"
            let points = curve.points.sorted { $0.effort < $1.effort }.map {
                (x: $0.recall, y: 1e6 / max(1e-3, median($0.cpuMicroseconds)))
            }
            return Chart.Line(curve.subject, points, color: color, isDashed: !curve.subject.hasPrefix("millrace"))
        }.filter { line in line.points.contains { $0.x >= leastRecall } }
        let rates = lines.flatMap(\.points).filter { $0.x >= leastRecall }.map(\.y)
        return Chart(
            "Queries per CPU second and recall: \(compared.set)",
            subtitle: "10 nearest by cosine, 1 thread; of servers the server's CPU only; upper right is better",
            x: .init("recall@10", leastRecall...1, ticks: [0.8, 0.85, 0.9, 0.95, 1]),
            y: .logarithmic("queries per CPU second", holding: rates), lines: lines, mark: (0.95, "0.95"))
    }

    private static func chart(of growth: Growth) -> Chart {
        let recalls = [0.9, 0.95, 0.99]
        var lines = zip(recalls, Chart.colors).map { recall, color in
            Chart.Line(
                "recall \(recall)", growth.microseconds(atRecall: recall).map { (x: Double($0.count), y: $0.cpu) },
                color: color)
        }
        let steady = growth.microseconds(effort: 64).map { (x: Double($0.count), y: $0.cpu) }
        lines.append(Chart.Line("64 candidates", steady, color: Chart.colors[6], isDashed: true))
        let counts = growth.steps.map { Double($0.count) }
        return Chart(
            "Cost of a search as the number of vectors grows",
            subtitle: "\(growth.dimensions) components, in clusters"
                + (growth.degrees.map { " of \($0) dimensions" } ?? " without structure")
                + "; 10 nearest by cosine, 1 thread",
            x: .init(
                "vectors", (counts.min() ?? 1)...max(2, counts.max() ?? 2), isLogarithmic: true,
                ticks: [10_000, 100_000, 1_000_000].filter { (counts.min() ?? 0)...(counts.max() ?? 0) ~= $0 }),
            y: .linear("CPU µs for a search", upTo: lines.flatMap(\.points).map(\.y).max() ?? 1),
            lines: lines.filter { !$0.points.isEmpty })
    }
}
