import Millrace

/// A model of counts in windows, with integers so wide that nothing overflows.
struct WindowModel {
    enum Windows {
        case time(TimeWindows, onlyStartMs: Int64?)
        case sliding(SlidingWindows)
        case session(SessionWindows)
    }

    struct Key: Hashable {
        var key: String
        var window: Window

        var text: String { "\(key)@\(window.startMs)/\(window.endMs)" }
    }

    let windows: Windows
    private(set) var streamTimeMs: Int64 = -1
    private(set) var counts: [Key: Int64] = [:]
    private(set) var dropped = 0
    /// The times of each key's records.
    private var timesMs: [String: [Int64]] = [:]

    init(_ windows: Windows) { self.windows = windows }

    /// Whether the sizes are valid.
    var isValid: Bool {
        switch windows {
        case .time(let windows, let onlyStartMs):
            onlyStartMs ?? 0 >= 0 && windows.sizeMs >= 1 && windows.advanceMs >= 1
                && windows.advanceMs <= windows.sizeMs && windows.graceMs >= 0
                && windowsPerRecord <= 100_000
        case .sliding(let windows): windows.differenceMs >= 0 && windows.graceMs >= 0
        case .session(let windows): windows.gapMs >= 1 && windows.graceMs >= 0
        }
    }

    /// The most windows that a record can be in; 1 if the other records decide it.
    var windowsPerRecord: Int128 {
        guard case .time(let windows, nil) = windows, windows.advanceMs >= 1 else { return 1 }
        return (Int128(windows.sizeMs) + Int128(windows.advanceMs) - 1) / Int128(windows.advanceMs)
    }

    /// Whether stream time has passed a window and its grace. A window that would close at the end of time never closes.
    func isClosed(_ window: Window) -> Bool {
        let wait: Int128 =
            switch windows {
            case .time(let windows, _): Int128(windows.graceMs)
            case .sliding(let windows): Int128(windows.graceMs) + 1
            case .session(let windows): Int128(windows.gapMs) + Int128(windows.graceMs) + 1
            }
        let closing = Int128(window.endMs) + wait
        return closing < Int128(Int64.max) && closing <= Int128(streamTimeMs)
    }

    /// The results of the windows that are closed.
    var closed: [String: Int64] {
        Dictionary(uniqueKeysWithValues: counts.filter { isClosed($0.key.window) }.map { ($0.key.text, $0.value) })
    }

    var all: [String: Int64] { Dictionary(uniqueKeysWithValues: counts.map { ($0.key.text, $0.value) }) }

    mutating func add(_ key: String, atMs timestampMs: Int64) {
        streamTimeMs = max(streamTimeMs, timestampMs)
        timesMs[key, default: []].append(timestampMs)
        switch windows {
        case .time(let windows, let onlyStartMs):
            for window in Self.windows(windows, onlyStartMs: onlyStartMs, holding: timestampMs) {
                if isClosed(window) { dropped += 1 } else { counts[Key(key: key, window: window), default: 0] += 1 }
            }
        case .sliding(let windows): countSliding(windows, key)
        case .session(let windows): join(windows, key, timestampMs)
        }
    }

    private static func windows(_ windows: TimeWindows, onlyStartMs: Int64?, holding timestampMs: Int64) -> [Window] {
        if let onlyStartMs { return timestampMs < onlyStartMs ? [] : [Window(startMs: onlyStartMs, endMs: .max)] }
        let (size, advance, time) = (Int128(windows.sizeMs), Int128(windows.advanceMs), Int128(timestampMs))
        var found: [Window] = []
        var start = time / advance * advance
        while start >= 0, start + size > time {
            found.append(Window(startMs: Int64(start), endMs: Int64(clamped: start + size)))
            start -= advance
        }
        return found
    }

    /// Recounts a key's windows, if no record was late: one window ends with each record, and one begins after it.
    private mutating func countSliding(_ windows: SlidingWindows, _ key: String) {
        let times = (timesMs[key] ?? []).map { Int128($0) }
        let difference = Int128(windows.differenceMs)
        for start in Set(times.map { max(0, $0 - difference) } + times.map { $0 + 1 }) where start <= Int128(Int64.max)
        {
            let count = times.count(where: { start <= $0 && $0 <= start + difference })
            let window = Window(startMs: Int64(start), endMs: Int64(clamped: start + difference))
            if count > 0 { counts[Key(key: key, window: window)] = Int64(count) }
        }
    }

    private mutating func join(_ windows: SessionWindows, _ key: String, _ timestampMs: Int64) {
        let (time, gap) = (Int128(timestampMs), Int128(windows.gapMs))
        let near = counts.filter { session, _ in
            session.key == key && !isClosed(session.window) && Int128(session.window.startMs) <= time + gap
                && Int128(session.window.endMs) >= time - gap
        }
        let window = Window(
            startMs: min(timestampMs, near.keys.map(\.window.startMs).min() ?? .max),
            endMs: max(timestampMs, near.keys.map(\.window.endMs).max() ?? .min))
        if isClosed(window) {
            dropped += 1
            return
        }
        for session in near.keys { counts[session] = nil }
        counts[Key(key: key, window: window)] = near.values.reduce(1, +)
    }
}
