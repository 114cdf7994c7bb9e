import Millrace

/// Compares a library's results with a recording and names the first difference.
enum Comparison {
    static func description(_ actual: String, with expected: String) throws {
        if actual == expected { return }
        let (actualLines, expectedLines) = (
            lines(actual).map(withoutObjectName), lines(expected).map(withoutObjectName)
        )
        let count = max(actualLines.count, expectedLines.count)
        for index in 0..<count {
            let (actual, expected) = (actualLines[ifAt: index], expectedLines[ifAt: index])
            if actual != expected {
                throw ScenarioError.difference(
                    "describe(), line \(index + 1): expected \(quoted(expected)), got \(quoted(actual))")
            }
        }
    }

    static func topics(
        _ actual: [String: [Scenario.Entry]], with expected: [String: [Scenario.Entry]], at place: String
    )
        throws
    {
        for topic in Set(actual.keys).union(expected.keys).sorted() {
            try entries(actual[topic] ?? [], with: expected[topic] ?? [], at: "\(place), \(topic)")
        }
    }

    private static func entries(_ actual: [Scenario.Entry], with expected: [Scenario.Entry], at place: String) throws {
        for index in 0..<max(actual.count, expected.count) {
            let (actual, expected) = (actual[ifAt: index], expected[ifAt: index])
            if actual != expected {
                throw ScenarioError.difference(
                    "\(place), record \(index): expected \(text(expected)), got \(text(actual))")
            }
        }
    }

    /// Removes the address of a lambda that chooses topics. Java prints it, and it differs in each run.
    private static func withoutObjectName(_ line: Substring) -> Substring {
        let marker = "(extractor class: "
        guard let start = line.indices.first(where: { line[$0...].hasPrefix(marker) }) else { return line }
        return line[..<line.index(start, offsetBy: marker.count)]
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func quoted(_ text: (some StringProtocol)?) -> String {
        text.map { "\"\($0)\"" } ?? "nothing"
    }

    private static func text(_ entry: Scenario.Entry?) -> String {
        guard let entry else { return "nothing" }
        let headers = entry.headers.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        return "\(entry.key ?? "null"): \(entry.value ?? "null") @\(entry.timestampMs.map(String.init) ?? "null")"
            + (headers.isEmpty ? "" : " [\(headers)]")
    }
}

extension Array {
    fileprivate subscript(ifAt index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
