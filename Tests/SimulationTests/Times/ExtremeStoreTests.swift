import Millrace
import MillraceEngine
import MillraceTesting
import Synchronization
import Testing

/// Runs a processor with stores of any retention and punctuations of any interval, over records of any time.
@Suite("Stores and punctuations at the ends of time, against a model")
struct ExtremeStoreTests {
    /// Sendable, because the processor's closures run in the test's thread only.
    final class Found: Sendable {
        let problems = Mutex<[String]>([])
        let punctuations = Mutex<Int>(0)

        func expect(_ holds: Bool, _ problem: @autoclosure () -> String) {
            if !holds { problems.withLock { $0.append(problem()) } }
        }
    }

    @Test("an entry is found as long as it is kept, by key, by range and in both directions")
    func stores() throws {
        for seed in ExtremeTimes.seeds(24) {
            ExtremeTimes.announce("stores", seed: seed)
            var times = ExtremeTimes(seed: seed)
            let (retention, history) = (Self.span(&times), Self.span(&times))
            let found = Found()
            let stores = try SeededStorage(seed: seed)
            defer { stores.remove() }
            let driver = try TopologyTestDriver(
                Self.topology(retention: retention, history: history, seed: seed, found), storage: stores.storage)
            defer { driver.close() }
            for number in 0..<40 {
                try driver.inputTopic("in", key: .string, value: .int64)
                    .pipe(key: "k", value: Int64(number), timestampMs: times.recordTimeMs())
            }
            let problems = found.problems.withLock { $0 }
            #expect(problems == [], "seed \(seed): retention \(retention), history \(history)")
        }
    }

    @Test("a stream-time punctuation runs once for each record that reaches or passes a multiple of the interval")
    func punctuations() throws {
        for seed in ExtremeTimes.seeds(40) {
            ExtremeTimes.announce("punctuations", seed: seed)
            var times = ExtremeTimes(seed: seed)
            let interval = times.duration()
            let found = Found()
            let builder = StreamsBuilder()
            builder.stream("in", key: .string, value: .int64).process { (context: ProcessorContext<Never, Never>) in
                try context.schedule(every: interval, on: .streamTime) { _ in found.punctuations.withLock { $0 += 1 } }
                return { _ in }
            }
            let everyMs = Int128(TimeSpan(interval).ms)
            let topology = try builder.build()
            guard everyMs >= 1 else {
                #expect(throws: StreamsError.self, "seed \(seed): \(interval)") { try TopologyTestDriver(topology) }
                continue
            }
            let driver = try TopologyTestDriver(topology)
            var (streamTime, next, expected): (Int128, Int128, Int) = (-1, 0, 0)
            for number in 0..<40 {
                let timestampMs = times.recordTimeMs()
                try driver.inputTopic("in", key: .string, value: .int64)
                    .pipe(key: "k", value: Int64(number), timestampMs: timestampMs)
                streamTime = max(streamTime, Int128(timestampMs))
                if next <= streamTime, next < Int128(Int64.max) {
                    expected += 1
                    next = (streamTime / everyMs + 1) * everyMs
                }
                try driver.advanceWallClock(by: .milliseconds(1))
            }
            #expect(found.punctuations.withLock { $0 } == expected, "seed \(seed): every \(interval)")
        }
    }

    private static func span(_ times: inout ExtremeTimes) -> Duration { max(.zero, times.duration()) }

    private static func topology(
        retention: Duration, history: Duration, seed: UInt64, _ found: Found
    ) throws -> Topology {
        let windows = Stores.window("windows", key: .string, value: .int64, retention: retention)
        let sessions = Stores.session("sessions", key: .string, value: .int64, retention: retention)
        let versions = Stores.versionedKeyValue("versions", key: .string, value: .int64, historyRetention: history)
        let (retentionMs, historyMs) = (Int128(TimeSpan(retention).ms), Int128(TimeSpan(history).ms))
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .int64)
            .process(stores: [windows, sessions, versions]) { (context: ProcessorContext<Never, Never>) in
                let (windows, sessions, versions) = (
                    try context.store(windows), try context.store(sessions), try context.store(versions)
                )
                var times = ExtremeTimes(seed: ~seed)
                var streamTime: Int128 = -1
                var (put, kept): ([Int64: Int64], [Int64: Int64]) = ([:], [:])
                return { record in
                    guard let key = record.key, let value = record.value else { return }
                    let atMs = record.timestampMs
                    // A record that is too late for the store is not put in.
                    streamTime = max(streamTime, Int128(atMs))
                    let oldest = streamTime >= retentionMs ? min(streamTime - retentionMs + 1, Int128(Int64.max)) : 0
                    try windows.put(key, value, startMs: atMs, timestampMs: atMs)
                    put[atMs] = value
                    found.expect(
                        try windows.fetch(key, startMs: atMs) == (Int128(atMs) >= oldest ? value : nil),
                        "the window at \(atMs), stream time \(streamTime)")
                    let ends = [times.timeMs(), times.timeMs()].sorted()
                    let range = ends[0]...ends[1]
                    let visible = put.filter { Int128($0.key) >= oldest }
                    let expected = visible.filter { range.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
                    found.expect(
                        try windows.fetch(key, starting: range).map(\.value) == expected, "windows within \(range)")
                    found.expect(
                        try windows.fetch(key, starting: range, reversed: true).map(\.value) == expected.reversed(),
                        "windows within \(range), reversed")
                    var all: [Int64] = []
                    try windows.fetchAll(starting: range) { _, _, value in
                        all.append(value)
                        return true
                    }
                    let within = visible.filter { range.contains($0.key) }.map(\.value)
                    found.expect(all.sorted() == within.sorted(), "all windows within \(range)")

                    let session = Window(startMs: min(atMs, times.recordTimeMs()), endMs: atMs)
                    try sessions.put(key, value, session: session, timestampMs: atMs)
                    if Int128(atMs) >= streamTime - retentionMs {
                        found.expect(try sessions.fetch(key, session) == value, "the session \(session)")
                        let near = try sessions.fetch(key, endingAtOrAfter: atMs, startingAtOrBefore: session.startMs)
                        found.expect(near.contains { $0.session == session }, "the sessions at \(session)")
                    }
                    _ = try sessions.fetch(key, endingAtOrAfter: ends[0], startingAtOrBefore: ends[1], reversed: true)
                    try sessions.fetchAll(ending: range) { _, _, _ in true }

                    let oldestVersion = max(0, streamTime - historyMs)
                    let isKept = try versions.put(key, value, timestampMs: atMs)
                    found.expect(isKept == (Int128(atMs) >= oldestVersion), "a version at \(atMs)")
                    if isKept { kept[atMs] = value }
                    for moment in [atMs, ends[0], ends[1]] where Int128(moment) >= oldestVersion {
                        let valid = kept.filter { $0.key <= moment }.max { $0.key < $1.key }?.value
                        found.expect(
                            try versions.get(key, asOfMs: moment)?.value == valid,
                            "the version valid at \(moment) of \(kept.keys.sorted())")
                    }
                }
            }
        return try builder.build()
    }
}
