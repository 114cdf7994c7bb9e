import Foundation
import Testing

@Suite("The page of differences")
struct DifferencesTests {
    @Test("every row ends with the release of Kafka Streams that was compared")
    func releases() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/differences.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let rows = text.split(separator: "\n- ").dropFirst().map { row in
            // A row ends where its indentation does.
            row.split(separator: "\n").enumerated().prefix { $0.offset == 0 || $0.element.hasPrefix("  ") }
                .map(\.element).joined(separator: "\n")
        }
        #expect(rows.count > 30)
        for row in rows { #expect(row.hasSuffix("(*4.1.2*)") || row.hasSuffix("(*4.0*)"), "\(row)") }
    }
}
