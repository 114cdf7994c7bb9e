import Foundation
import Testing

/// Sums of times saturate: one record's timestamp, or one setting's duration, never ends the process.
///
/// `Moment` and `TimeSpan` do that, and so nothing else adds, subtracts or multiplies milliseconds. This reads the sources and
/// finds what does all the same: names that end in `Ms`, `timestamp` or `timestamps`, and `.ms`, beside `+`, `-` or `*`; and the
/// parts of a `Duration`, which trap where they do not fit. The wrapping `&+` never traps and is left alone.
@Suite("Arithmetic of times")
struct TimeArithmeticTests {
    /// What may stand in a file all the same.
    private struct Exception {
        var file: String
        var text: String
        var reason: String
    }

    private static let exceptions: [Exception] = [
        Exception(
            file: "Sources/MillraceCommandLine/ConfigurationFile.swift", text: "key.components.joined",
            reason: "the components of a setting's name")
    ]

    /// The folders that the rule is made of.
    private static let rulesOwn = ["Sources/Millrace/Time/", "Sources/ClusterCore/Time/"]

    @Test("milliseconds are added, subtracted and multiplied by the types whose arithmetic saturates")
    func sources() throws {
        let files = try Repository.files(under: "Sources", endingIn: ".swift")
            .filter { file in !Self.rulesOwn.contains { file.hasPrefix($0) } }
        #expect(files.count > 300)
        var unused = Self.exceptions
        for file in files {
            for (number, line) in Self.violations(in: try Repository.text(of: file)) {
                if let index = unused.firstIndex(where: { $0.file == file && line.contains($0.text) }) {
                    unused.remove(at: index)
                } else {
                    Issue.record("\(file):\(number): use Moment and TimeSpan: \(line)")
                }
            }
        }
        for exception in unused {
            Issue.record("no exception is needed any more for \(exception.file): \(exception.reason)")
        }
    }

    @Test(
        "a sum of milliseconds is found however it is written",
        arguments: [
            "let endMs = startMs + size", "let end = start + sizeMs", "nowMs += ms", "total += record.timestampMs",
            "let age = clock.wallClockMs() - startedMs", "return max(0, deadlineMs - nowMs)",
            "(emitted.timestampMs) + 1",
            "let limit = nowMs - Int64(timeoutMs)", "let at = first.timestamp + 5",
            "let end = ends.upperBound - size.ms",
            "let doubled = graceMs * 2", "let last = (moment - size).ms - 1",
            "let next = TimeSpan(ms: startMs + sizeMs)",
            "let far = (lastMs ?? 0) + 1", "let left = limit\n    - elapsedMs", "let far = startMs\n    + 1",
            "let seconds = age.components.seconds", "let (seconds, parts) = duration.components",
            "let end = partitions[0].timestampMs! + 1", "let all = first + Int64(second.wallClockMs())",
            "let total = sum + items[0].timestampMs",
        ])
    func finds(line: String) {
        #expect(!Self.violations(in: line).isEmpty)
    }

    @Test(
        "what adds no milliseconds is left alone",
        arguments: [
            "let end = Moment(ms: startMs) + TimeSpan(ms: sizeMs)", "let delta = timestampMs &- header.baseTimestampMs",
            "// nowMs + intervalMs", "/// How much later than startMs - 1",
            "throw Failure(\"\\(startMs) + \\(sizeMs)\")",
            "func endMs(ofRecordAt timestampMs: Int64) -> Int64", "if endMs == -1 { return }", "let size = 1 + count",
            "let next = (Moment(ms: max(streamTimeMs, record.timestampMs)) - retention).ms",
            "start + Self.baseTimestampPosition", "let all = first.items + second.items",
            "if items[child].timestampMs > items[child + 1].timestampMs { return }",
        ])
    func leavesAlone(line: String) {
        #expect(Self.violations(in: line).isEmpty)
    }

    // MARK: Reading

    /// The lines of a source text with arithmetic of milliseconds, with their numbers.
    private static func violations(in source: String) -> [(number: Int, line: String)] {
        let lines = source.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.indices.compactMap { index in
            guard mayHoldArithmetic(lines[index]) else { return nil }
            let line = String(decoding: lines[index], as: UTF8.self).trimmingCharacters(in: .whitespaces)
            if line.hasPrefix("//") { return nil }
            var code = code(of: line)
            // A line that begins with an operator goes on from the one before it.
            if index > 0, ["+", "-", "*"].contains(code.first) {
                code = Self.code(of: String(decoding: lines[index - 1], as: UTF8.self)) + " " + code
            }
            let isBare = code.contains(/\.components(?![\w(])/) || parts(of: code).contains(where: addsMilliseconds)
            return isBare ? (index + 1, line) : nil
        }
    }

    /// Whether a line has an operator with a space before it, or the parts of a duration. Most have not, and are done with.
    private static func mayHoldArithmetic(_ line: Substring.UTF8View) -> Bool {
        var previous = UInt8(ascii: " ")
        var letters = 0
        for byte in line {
            switch byte {
            case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "*"):
                if previous == UInt8(ascii: " ") { return true }
            case UInt8(ascii: "."): letters = 1
            case UInt8(ascii: "c") where letters == 1: letters = 2
            case UInt8(ascii: "o") where letters == 2: letters = 3
            case UInt8(ascii: "m") where letters == 3: letters = 4
            case UInt8(ascii: "p") where letters == 4: return true
            default: letters = 0
            }
            previous = byte
        }
        return false
    }

    /// A line without its comment and without what stands in quotes.
    private static func code(of line: String) -> String {
        let unquoted = line.replacing(/"(?:\\.|[^"\\])*"/, with: "\"\"")
        return unquoted.firstRange(of: "//").map { String(unquoted[..<$0.lowerBound]) } ?? unquoted
    }

    /// The line with a name in the place of each moment and span that is made in it, and what those are made of.
    private static func parts(of line: String) -> [String] {
        guard let made = line.firstRange(of: /(?:Moment|TimeSpan)\(ms:/) else { return [line] }
        var depth = 1
        var end = made.upperBound
        while end < line.endIndex, depth > 0 {
            if line[end] == "(" { depth += 1 } else if line[end] == ")" { depth -= 1 }
            end = line.index(after: end)
        }
        let content = line[made.upperBound..<(depth == 0 ? line.index(before: end) : end)]
        return parts(of: line[..<made.lowerBound] + "time" + line[end...]) + parts(of: String(content))
    }

    /// A name of milliseconds before an operator, with a call's parentheses, a default or the end of parentheses between; or
    /// one behind it, with conversions and what the name belongs to between.
    private static func addsMilliseconds(_ code: String) -> Bool {
        let before = /(?:\w*Ms|\.ms|\w*[tT]imestamps?)(?:\(\))?[!?]?(?: \?\? [\w.\-]+)?\)*\s+[+\-*]=?(?:\s|$)/
        let after =
            /(?:^|\s)[+\-*]=?\s+(?:\w+\()*(?:\w+(?:\[\w+\])?[!?]?\.)*(?:\w*Ms|ms|\w*[tT]imestamps?)(?![\w:]|\.\w)/
        return code.contains(before) || code.contains(after)
    }
}
