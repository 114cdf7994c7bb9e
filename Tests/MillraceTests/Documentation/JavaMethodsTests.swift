import Testing

/// docs/coming-from-kafka-streams.md names every public method of Kafka Streams' types that topologies, processors and
/// applications are written with.
///
/// kafka-streams-methods.txt has them, a line for each type, as they were in the trunk before 4.0. It does not have what the
/// page puts into words: functions of one closure, and `toString` and the like.
@Suite("The page for those who come from Kafka Streams")
struct JavaMethodsTests {
    /// The words in backticks where the page speaks of Java: in the text, and in the first cells of its tables.
    private static func mentioned() throws -> Set<Substring> {
        var words: Set<Substring> = []
        for line in try Repository.text(of: "docs/coming-from-kafka-streams.md").split(separator: "\n") {
            let java = line.hasPrefix("|") ? line.dropFirst().prefix { $0 != "|" } : line
            for code in java.matches(of: /`([^`]+)`/) { words.formUnion(code.1.matches(of: /\w+/).map(\.output)) }
        }
        return words
    }

    @Test("every method is named")
    func methods() throws {
        let mentioned = try Self.mentioned()
        let types = try Repository.text(of: "Tests/MillraceTests/Documentation/kafka-streams-methods.txt")
            .split(separator: "\n")
        #expect(types.count > 60)
        for line in types {
            let parts = line.split(separator: ":")
            try #require(parts.count == 2, "\(line)")
            let missing = parts[1].split(separator: " ").filter { !mentioned.contains($0) }
            #expect(
                missing.isEmpty,
                "\(parts[0]) has methods that the page does not name: \(missing.joined(separator: ", "))")
        }
    }

    @Test("every row has two cells, and none stands outside a table")
    func tables() throws {
        var previous: Substring = ""
        for line in try Repository.text(of: "docs/coming-from-kafka-streams.md")
            .split(separator: "\n", omittingEmptySubsequences: false)
        {
            defer { previous = line }
            guard line.hasPrefix("|") else { continue }
            #expect(line.split(separator: "|").count { $0 != " " } == 2, "\(line)")
            #expect(previous.hasPrefix("|") || line == "| Java | here |", "\(line)")
        }
    }
}
