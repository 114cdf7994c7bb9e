import ArgumentParser
import Glibc
import Millrace
package import MillraceOperations

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

package enum Environment {
    package static var current: [String: String] { ProcessInfo.processInfo.environment }
}

/// The statuses with which verbs exit; those above 1 are from BSD's sysexits.
package enum ExitStatus {
    package static func of(_ kind: OperationError.Kind) -> ExitCode {
        switch kind {
        case .failed: ExitCode(1)
        case .usage: ExitCode(64)
        case .missing: ExitCode(66)
        case .unreachable: ExitCode(69)
        case .busy: ExitCode(75)
        case .denied: ExitCode(77)
        }
    }

    /// The part of a verb's help about them.
    package static let discussion = """
        EXIT STATUS
          0 done, 1 failed or done only in part, 64 an argument is wrong, 66 something that was named does not exist, \
        69 no broker answers, 75 refused for now because of something that is going on, 77 not allowed.
        """
}

extension ParsableCommand {
    /// Runs the body; an error becomes a sentence on standard error, or with `json` a line of JSON, and an exit status.
    package func reporting(json: Bool = false, _ body: () throws -> Void) throws {
        do { try body() } catch { throw try Self.report(error, json: json) }
    }

    /// Runs the body; an error becomes a sentence on standard error, or with `json` a line of JSON, and an exit status.
    package func reportingAsync(json: Bool = false, _ body: () async throws -> Void) async throws {
        do { try await body() } catch { throw try Self.report(error, json: json) }
    }

    private static func report(_ error: any Error, json: Bool) throws -> ExitCode {
        if let code = error as? ExitCode { return code }
        guard let failure = OperationError(reporting: error, always: json) else { throw error }
        complain(json ? failure.json.text : failure.description)
        return ExitStatus.of(failure.kind)
    }
}

extension OperationError {
    /// Takes the kind and the sentence of an error; nil for one that ArgumentParser prints better, unless `always` is set.
    init?(reporting error: any Error, always: Bool) {
        switch error {
        case let error as OperationError: self = error
        case let error as StreamsError: self.init(Kind(error.code), error.message)
        case let error as ValidationError: self.init(.usage, error.message)
        default:
            guard always else { return nil }
            self.init(.failed, "\(error)")
        }
    }

    /// The error for programs.
    package var json: JSONFragment { .members(["code": .string(code), "message": .string(description)]) }
}

extension OperationError.Kind {
    fileprivate init(_ code: StreamsError.Code) {
        self =
            switch code {
            case .broker: .unreachable
            case .configuration, .invalidTopology: .usage
            case .topic, .storeUnknown: .missing
            case .illegalState, .locked: .busy
            default: .failed
            }
    }
}

/// A table of columns, for people. On a terminal that is too narrow the widest columns are cut.
package func table(_ titles: [String], _ rows: [[String]]) -> [String] {
    table(titles, rows, width: terminalWidth(of: STDOUT_FILENO))
}

/// A table of columns, no wider than a width unless its titles are.
func table(_ titles: [String], _ rows: [[String]], width: Int?) -> [String] {
    let all = [titles] + rows.map { $0.map(\.printable) }
    var widths = titles.indices.map { column in all.map { $0[column].columnCount }.max() ?? 0 }
    if let width {
        while widths.reduce(0, +) + 2 * (widths.count - 1) > width,
            let widest = widths.indices.filter({ widths[$0] > max(8, titles[$0].count) }).max(by: {
                widths[$0] < widths[$1]
            })
        { widths[widest] -= 1 }
    }
    return all.map { row in
        let cells = zip(row, widths).map { cell, width in
            let text = cell.fitted(to: width)
            return text + String(repeating: " ", count: max(0, width - text.columnCount))
        }
        var line = cells.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// A text on one line, cut to a length.
package func oneLine(_ text: String, _ length: Int = 80) -> String {
    let line = text.printable
    return line.count > length ? "\(line.prefix(length - 1))…" : line
}

/// A place that was typed.
package func place(_ text: String, option: String) throws -> LogLocation {
    guard let place = LogLocation(text, nowMs: currentMs()) else {
        throw ValidationError("\(option) takes \(LogLocation.syntax), not \(text)")
    }
    return place
}
