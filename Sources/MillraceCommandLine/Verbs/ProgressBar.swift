import Glibc
import Millrace
import Synchronization

/// A bar on a terminal's standard error, once something has taken two seconds.
///
/// It is drawn from a thread of its own, so it also shows that time passes while the command only waits. Elsewhere than on a terminal,
/// on one that cannot erase a line (`TERM=dumb`), and with `--json`, there is none. While another bar is shown that has begun later, this
/// one waits.
package final class ProgressBar: Sendable {
    /// The line that stands there.
    struct Content {
        var label: String
        var done: Int64?
        var total: Int64?
        let start = ContinuousClock.now
    }

    /// The bar's number; nil if it is not shown.
    private let number: UInt64?

    /// - Parameters:
    ///   - label: what the command does, as in "reading events".
    ///   - json: whether the command was given `--json`.
    package init(_ label: String, json: Bool) {
        let isShown = !json && isatty(STDERR_FILENO) == 1 && TerminalAbilities.current.erases
        number = isShown ? screen.withLock { $0.begin(Content(label: label.printable)) } : nil
    }

    deinit { clear() }

    /// Says how far it is.
    ///
    /// - Parameter total: all that there is to do; nil, zero or `Int64.max` if that is not known.
    package func show(_ done: Int64, of total: Int64? = nil) {
        guard let number else { return }
        screen.withLock { $0.change(number) { ($0.done, $0.total) = (done, total) } }
    }

    /// Removes the bar for good.
    package func clear() {
        guard let number else { return }
        screen.withLock { $0.end(number) }
    }
}

extension ProgressBar.Content {
    private static let longestBar = 40
    private static let shortestBar = 8

    /// - Parameters:
    ///   - width: the columns of the terminal, the last of which stays empty.
    ///   - unicode: whether the terminal shows more than ASCII.
    func line(width: Int, unicode: Bool = true) -> String {
        let ellipsis = unicode ? "…" : "..."
        func fitted(_ end: String) -> String {
            let name = label.fitted(to: max(0, width - 1 - end.columnCount), ellipsis: ellipsis)
            return (name + end).fitted(to: max(1, width - 1), ellipsis: "")
        }
        let seconds = TimeSpan(start.duration(to: .now)).ms / 1_000
        guard let done else { return fitted("  \(seconds) s") }
        guard let total, total > 0, total < .max else { return fitted(" \(done)") }
        let share = min(1, max(0, Double(done) / Double(total)))
        let numbers = " \(Int(share * 100)) % (\(done) of \(total))"
        let length = min(Self.longestBar, width - 2 - label.columnCount - numbers.count)
        guard length >= Self.shortestBar else { return fitted(numbers) }
        let filled = Int(share * Double(length))
        let (full, empty) = unicode ? ("█", "░") : ("#", ".")
        return "\(label) " + String(repeating: full, count: filled)
            + String(repeating: empty, count: length - filled) + numbers
    }
}
