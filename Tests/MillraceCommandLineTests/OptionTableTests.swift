import Foundation
import MillraceCommandLine
import Testing

/// The table of options in docs/running.md, which is made from the help.
@Suite struct OptionTableTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/running.md")
    private static let head = "| option | default | |\n| --- | --- | --- |\n"

    @Test("docs/running.md has the table that the help gives")
    func table() throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let head = try #require(text.range(of: Self.head))
        let end = try #require(text.range(of: "\n\n", range: head.upperBound..<text.endIndex))
        let rows = Self.rows.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["MILLRACE_TEST_WRITE_DOCS"] != nil {
            let written = text.replacingCharacters(in: head.upperBound..<end.lowerBound, with: rows)
            try written.write(to: Self.page, atomically: true, encoding: .utf8)
        } else {
            #expect(
                text[head.upperBound..<end.lowerBound] == rows,
                "write it with MILLRACE_TEST_WRITE_DOCS=1 swift test --filter OptionTableTests")
        }
    }

    private static var rows: [String] {
        let entries = helpEntries(of: InstanceOptions.helpMessage(columns: 1_000))
        return entries.keys.filter { $0 != "--help" }.map { flag in
            guard let entry = entries[flag].wholeMatch(of: /--\S+(?: <(?<value>.*?)>)? (?<summary>.*)/) else {
                return entries[flag]
            }
            let value = entry.value.map { " \($0)" } ?? ""
            guard
                let text = entry.summary.wholeMatch(
                    of: /(?<summary>.*)\. \((?:default: )?(?<absence>.*); MILLRACE_.*\)/)
            else { return "| `\(flag)\(value)` | | \(entry.summary) |" }
            return "| `\(flag)\(value)` | \(text.absence) | \(text.summary) |"
        }
    }
}
