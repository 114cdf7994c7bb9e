import Glibc
import Millrace
import Synchronization

/// A bar on a terminal's standard error, once something has taken two seconds.
///
/// It is drawn from a thread of its own, so it also shows that time passes while the command only waits. Elsewhere than on a terminal,
/// and with `--json`, there is none.
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
        let isShown = !json && isatty(STDERR_FILENO) == 1
        number = isShown ? screen.withLock { $0.begin(Content(label: label)) } : nil
    }

    deinit { clear() }

    /// Says how far it is.
    ///
    /// - Parameter total: all that there is to do; nil, zero or `Int64.max` if that is not known.
    package func show(_ done: Int64, of total: Int64? = nil) {
        guard let number else { return }
        screen.withLock { screen in
            guard screen.barCount == number else { return }
            screen.bar?.done = done
            screen.bar?.total = total
        }
    }

    /// Removes the bar for good.
    package func clear() {
        guard let number else { return }
        screen.withLock { if $0.barCount == number { $0.end() } }
    }
}

extension ProgressBar.Content {
    private static let longestBar = 40
    private static let shortestBar = 8

    /// - Parameter width: the columns of the terminal, the last of which stays empty.
    func line(width: Int) -> String {
        let seconds = TimeSpan(start.duration(to: .now)).ms / 1_000
        guard let done else { return fitted("  \(seconds) s", in: width) }
        guard let total, total > 0, total < .max else { return fitted(" \(done)", in: width) }
        let share = min(1, Double(done) / Double(total))
        let numbers = " \(Int(share * 100)) % (\(done) of \(total))"
        let length = min(Self.longestBar, width - 2 - label.count - numbers.count)
        guard length >= Self.shortestBar else { return fitted(numbers, in: width) }
        let filled = Int(share * Double(length))
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: length - filled)
        return "\(label) \(bar)\(numbers)"
    }

    /// The label and an end, the label cut so that both fit.
    private func fitted(_ end: String, in width: Int) -> String {
        let room = width - 1 - end.count
        let name = label.count > room ? "\(label.prefix(max(0, room - 1)))…" : label
        return String((name + end).prefix(max(1, width - 1)))
    }
}
