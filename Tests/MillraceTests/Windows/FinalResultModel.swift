import Millrace

/// A model of final results, so short that it cannot have the errors that the operators could have.
///
/// A record is a number; a result is the sorted numbers of the records in it. Each window takes the records that come while it is
/// open, by the stream time with the record itself.
struct FinalResultModel {
    enum Windows {
        case time(TimeWindows)
        case sliding(SlidingWindows)
        case session(SessionWindows)
    }

    /// A record that came, and the stream time with it.
    struct Arrival {
        var number: Int
        var key: String
        var timestampMs: Int64
        var streamTimeMs: Int64
    }

    var arrivals: [Arrival] = []
    private(set) var streamTimeMs: Int64 = -1

    mutating func add(_ number: Int, key: String, timestampMs: Int64) {
        streamTimeMs = max(streamTimeMs, timestampMs)
        arrivals.append(
            Arrival(number: number, key: key, timestampMs: timestampMs, streamTimeMs: streamTimeMs))
    }

    /// The results of the windows that have closed, as `key@start/end=number+number`, sorted.
    func results(_ windows: Windows) -> [String] {
        var results: [String] = []
        for key in Set(arrivals.map(\.key)) {
            let own = arrivals.filter { $0.key == key }
            let contents: [Window: [Int]] =
                switch windows {
                case .time(let windows): timeWindows(windows, own)
                case .sliding(let windows): slidingWindows(windows, own)
                case .session(let windows): sessions(windows, own)
                }
            for (window, numbers) in contents where isOver(window, windows) {
                let text = numbers.sorted().map { "\($0)" }.joined(separator: "+")
                results.append("\(key)@\(window.startMs)/\(window.endMs)=\(text)")
            }
        }
        return results.sorted()
    }

    private func isOver(_ window: Window, _ windows: Windows) -> Bool {
        switch windows {
        case .time(let windows): streamTimeMs >= window.endMs + windows.graceMs
        case .sliding(let windows): streamTimeMs > window.endMs + windows.graceMs
        case .session(let windows): streamTimeMs > window.endMs + windows.gapMs + windows.graceMs
        }
    }

    private func timeWindows(_ windows: TimeWindows, _ arrivals: [Arrival]) -> [Window: [Int]] {
        var contents: [Window: [Int]] = [:]
        for arrival in arrivals {
            var startMs: Int64 = 0
            while startMs <= arrival.timestampMs {
                let endMs = startMs + windows.sizeMs
                if arrival.timestampMs < endMs, arrival.streamTimeMs < endMs + windows.graceMs {
                    contents[Window(startMs: startMs, endMs: endMs), default: []].append(arrival.number)
                }
                // Far from the beginning most windows are over before the record.
                let skipped = max(0, (arrival.timestampMs - endMs) / windows.advanceMs)
                startMs += windows.advanceMs * max(1, skipped)
            }
        }
        return contents
    }

    /// A window ends with each record and one begins right behind it, if there is something in it.
    private func slidingWindows(_ windows: SlidingWindows, _ arrivals: [Arrival]) -> [Window: [Int]] {
        let differenceMs = windows.differenceMs
        func isTaken(_ arrival: Arrival, endMs: Int64) -> Bool { arrival.streamTimeMs <= endMs + windows.graceMs }
        var starts: Set<Int64> = []
        for arrival in arrivals where isTaken(arrival, endMs: arrival.timestampMs + differenceMs) {
            let startMs = max(0, arrival.timestampMs - differenceMs)
            if isTaken(arrival, endMs: startMs + differenceMs) { starts.insert(startMs) }
            starts.insert(arrival.timestampMs + 1)
        }
        var contents: [Window: [Int]] = [:]
        for startMs in starts {
            let window = Window(startMs: startMs, endMs: startMs + differenceMs)
            let numbers = arrivals.filter {
                (startMs...window.endMs).contains($0.timestampMs) && isTaken($0, endMs: window.endMs)
            }.map(\.number)
            if !numbers.isEmpty { contents[window] = numbers }
        }
        return contents
    }

    /// A record makes one session of itself and the open ones in reach, unless that one is over.
    private func sessions(_ windows: SessionWindows, _ arrivals: [Arrival]) -> [Window: [Int]] {
        var sessions: [(window: Window, numbers: [Int])] = []
        for arrival in arrivals {
            let closedMs = arrival.streamTimeMs - windows.gapMs - windows.graceMs
            var joined = (
                window: Window(startMs: arrival.timestampMs, endMs: arrival.timestampMs), numbers: [arrival.number]
            )
            let inReach = sessions.filter { session in
                session.window.endMs >= closedMs && session.window.startMs <= arrival.timestampMs + windows.gapMs
                    && session.window.endMs >= arrival.timestampMs - windows.gapMs
            }
            for session in inReach {
                joined.window.startMs = min(joined.window.startMs, session.window.startMs)
                joined.window.endMs = max(joined.window.endMs, session.window.endMs)
                joined.numbers += session.numbers
            }
            if joined.window.endMs < closedMs { continue }
            sessions.removeAll { session in inReach.contains { $0.window == session.window } }
            sessions.append(joined)
        }
        return Dictionary(uniqueKeysWithValues: sessions.map { ($0.window, $0.numbers) })
    }
}
