import Foundation
import Testing

/// docs/features.md says of each feature which test shows it. They have to be there.
@Suite("The table of features")
struct FeatureTableTests {
    struct Row {
        var feature: String
        var answer: String
        var shownBy: String
    }

    static func rows() throws -> [Row] {
        try Repository.text(of: "docs/features.md").split(separator: "\n").compactMap { line in
            guard line.hasPrefix("| "), !line.hasPrefix("| Kafka Streams |"), !line.hasPrefix("| ---") else {
                return nil
            }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
                .map { $0.trimmingCharacters(in: .whitespaces) }
            return cells.count == 3 ? Row(feature: cells[0], answer: cells[1], shownBy: cells[2]) : nil
        }
    }

    /// The names of test suites, and of recordings.
    private static func evidence() throws -> Set<String> {
        var names: Set<String> = []
        for file in try Repository.files(under: "Tests", endingIn: ".swift") {
            names.formUnion(try Repository.text(of: file).matches(of: /@Suite\(\s*"([^"]+)"/).map { String($0.1) })
        }
        for file in try Repository.files(under: "Tests/Conformance", endingIn: ".json") {
            names.insert(URL(filePath: file).deletingPathExtension().lastPathComponent)
        }
        return names
    }

    @Test("every row has an answer and names what shows it, and that exists")
    func rowsAreShown() throws {
        let evidence = try Self.evidence()
        let rows = try Self.rows()
        #expect(rows.count > 70)
        for row in rows {
            #expect(!row.feature.isEmpty && !row.answer.isEmpty, "an empty cell beside \(row.feature)\(row.answer)")
            let named = row.shownBy.matches(of: /\*([^*]+)\*/).map { String($0.1) }
            if row.shownBy == "all recordings" || (row.answer == "–" && row.shownBy.isEmpty) { continue }
            #expect(!named.isEmpty, "\(row.feature): nothing shows it")
            for name in named { #expect(evidence.contains(name), "\(row.feature): there is no \(name)") }
        }
    }
}
