import Millrace

extension RecordTrail.Step {
    /// The word for programs and the outcome in words.
    func outcome(_ response: String?) -> (String, String) {
        if let failure { return ("failed", "an error\(response.map { ", \($0)" } ?? ""): \(failure)") }
        if let (reason, late) = drops.first {
            guard let late else { return (Self.word(reason), "dropped: \(reason.rawValue)") }
            let grace = TimeSpan(ms: late.graceMs).duration
            return (
                "late",
                "too late by \(TimeSpan(ms: late.byMs).duration): the window from \(timeText(ms: late.windowStartMs)) to "
                    + "\(timeText(ms: late.windowEndMs)) was closed, with a wait of \(grace), at stream time "
                    + timeText(ms: late.streamTimeMs)
            )
        }
        if let joinedBy {
            return ("joined", "waited, and was joined with \(joinedBy.topic)-\(joinedBy.partition)@\(joinedBy.offset)")
        }
        if forwards > 0 { return ("forwarded", "handed on \(forwards)") }
        switch silence {
        case .filtered: return ("filtered", "the predicate was false")
        case .noBranch: return ("no_branch", "no branch took it")
        case .madeNothing: return sends > 0 ? ("stored", "changed a store") : ("made_nothing", "made no record of it")
        case .noMatch: return ("no_match", "the other side of the join has no value")
        case .waits(let wait):
            let time = timeText(ms: wait.untilMs)
            if wait.streamTimeMs() < wait.untilMs {
                return ("waiting", "waits for a record of the other side (\(wait.other)) until stream time \(time)")
            }
            return (
                "no_match",
                "no record of the other side (\(wait.other)) came before stream time \(time)"
                    + (wait.keepsUnmatched ? "; its own result comes with the next record at that time" : "")
            )
        case .suppressed(let untilMs, let streamTimeMs):
            let time = untilMs.map { " until stream time \(timeText(ms: $0)); it is \(timeText(ms: streamTimeMs()))" }
            return ("suppressed", "held back\(time ?? "")")
        case .windowOpen: return ("window_open", "aggregated; the result comes when the window is closed")
        case nil: return sends > 0 ? ("stored", "written") : ("ended", "handed on nothing")
        }
    }

    private static func word(_ reason: DropReason) -> String {
        reason == .expired ? "late" : String(reason.rawValue.map { $0 == "-" ? "_" : $0 })
    }
}
