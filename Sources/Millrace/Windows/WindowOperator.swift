/// An operator that aggregates over windows, as downstream operators see it: when its windows close, and by which time.
@usableFromInline
package struct WindowOperator: Hashable, Sendable {
    @usableFromInline let closing: WindowClosing
    /// The name of its stream time.
    @usableFromInline let timeName: String
    /// The name of the time up to which it has forwarded final results; `nil` if it forwards every change.
    @usableFromInline let emittedName: String?

    @usableFromInline
    init(closing: WindowClosing, timeName: String, emittedName: String?) {
        self.closing = closing
        self.timeName = timeName
        self.emittedName = emittedName
    }
}

/// The windows that will not change any more, as far as the upstream operators know.
@usableFromInline
struct FinishedWindows {
    private let operators: [(operator: WindowOperator, time: KeptTime)]

    /// - Parameter operators: operators of the same task.
    @usableFromInline
    init(of operators: [WindowOperator], keptIn times: any KeptTimes) {
        self.operators = operators.map { ($0, times.keptTime(named: $0.emittedName ?? $0.timeName)) }
    }

    @usableFromInline
    func contains(endMs: Int64) -> Bool {
        operators.allSatisfy { windows, time in
            if windows.emittedName == nil { return windows.closing.isClosed(endMs: endMs, at: time.timestampMs) }
            return endMs <= WindowProgress.lastEmittedEndMs(time.timestampMs, windows.closing)
        }
    }
}
