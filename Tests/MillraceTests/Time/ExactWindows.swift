import Millrace

/// Which windows there are and what is in them, in arithmetic that cannot overflow.
///
/// A record is a number. A window takes it while it is open, by the stream time with the record itself. A window that would close
/// at the end of time or after it never closes.
enum ExactWindows {
    case time(sizeMs: Int64, advanceMs: Int64, graceMs: Int64)
    /// Its grace is as long as can be: no record is late.
    case sliding(differenceMs: Int64)
    case session(gapMs: Int64, graceMs: Int64)
    case unlimited(fromMs: Int64)

    private struct Arrival {
        let number: Int
        let moment: Int128
        /// Stream time with it.
        let streamTime: Int128
    }

    private static let endOfTime = Int128(Int64.max)

    /// The numbers of the records in each window, and whether a window has refused a record.
    func contents(of timestampsMs: [Int64]) -> (windows: [Window: [Int]], refuses: Bool) {
        var streamTime: Int128 = -1
        let arrivals = timestampsMs.enumerated().map { number, timestampMs in
            streamTime = max(streamTime, Int128(timestampMs))
            return Arrival(number: number, moment: Int128(timestampMs), streamTime: streamTime)
        }
        switch self {
        case .time(let sizeMs, let advanceMs, let graceMs):
            return Self.timeWindows(arrivals, Int128(sizeMs), Int128(advanceMs), Int128(graceMs))
        case .sliding(let differenceMs): return (Self.slidingWindows(arrivals, Int128(differenceMs)), false)
        case .session(let gapMs, let graceMs): return Self.sessions(arrivals, Int128(gapMs), Int128(graceMs))
        case .unlimited(let startMs):
            let held = arrivals.filter { $0.moment >= Int128(startMs) }.map(\.number)
            return (held.isEmpty ? [:] : [Window(startMs: startMs, endMs: .max): held], false)
        }
    }

    /// The window as the results name it: it ends at the end of time at the latest.
    private static func window(_ start: Int128, _ end: Int128) -> Window {
        Window(startMs: Int64(start), endMs: Int64(min(end, endOfTime)))
    }

    private static func isClosed(at closing: Int128, _ arrival: Arrival) -> Bool {
        closing < endOfTime && closing <= arrival.streamTime
    }

    private static func timeWindows(
        _ arrivals: [Arrival], _ size: Int128, _ advance: Int128, _ grace: Int128
    ) -> (windows: [Window: [Int]], refuses: Bool) {
        var contents: [Window: [Int]] = [:]
        var refuses = false
        for arrival in arrivals {
            var start = arrival.moment / advance * advance
            while start >= 0, start + size > arrival.moment {
                if isClosed(at: start + size + grace, arrival) {
                    refuses = true
                } else {
                    contents[window(start, start + size), default: []].append(arrival.number)
                }
                start -= advance
            }
        }
        return (contents, refuses)
    }

    /// One window ends with each record, and one begins right after it if there is something in it.
    private static func slidingWindows(_ arrivals: [Arrival], _ difference: Int128) -> [Window: [Int]] {
        let starts = arrivals.flatMap { [max(0, $0.moment - difference), $0.moment + 1] }
        var contents: [Window: [Int]] = [:]
        for start in Set(starts) where start <= endOfTime {
            let held = arrivals.filter { $0.moment >= start && $0.moment <= start + difference }.map(\.number)
            if !held.isEmpty { contents[window(start, start + difference)] = held }
        }
        return contents
    }

    /// A record makes one session of itself and the open ones in reach, unless that one is closed.
    private static func sessions(
        _ arrivals: [Arrival], _ gap: Int128, _ grace: Int128
    ) -> (windows: [Window: [Int]], refuses: Bool) {
        var sessions: [(start: Int128, end: Int128, numbers: [Int])] = []
        var refuses = false
        for arrival in arrivals {
            func isOver(_ end: Int128) -> Bool { isClosed(at: end + gap + grace + 1, arrival) }
            let isInReach = { (session: (start: Int128, end: Int128, numbers: [Int])) in
                !isOver(session.end) && session.start <= arrival.moment + gap && session.end >= arrival.moment - gap
            }
            var joined = (start: arrival.moment, end: arrival.moment, numbers: [arrival.number])
            for session in sessions where isInReach(session) {
                joined.start = min(joined.start, session.start)
                joined.end = max(joined.end, session.end)
                joined.numbers += session.numbers
            }
            if isOver(joined.end) {
                refuses = true
                continue
            }
            sessions.removeAll(where: isInReach)
            // A record that comes when a session of the same bounds is closed puts its own in that one's place.
            sessions.removeAll { $0.start == joined.start && $0.end == joined.end }
            sessions.append(joined)
        }
        return (Dictionary(uniqueKeysWithValues: sessions.map { (window($0.start, $0.end), $0.numbers) }), refuses)
    }
}
