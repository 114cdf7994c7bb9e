import Millrace
import MillraceTesting
import Testing

/// How the final results of windows are had.
enum FinalResults: CaseIterable {
    case suppressed, suppressedBehindCache, onClose
}

/// Each of these is run again with restarts in the middle; see `run`.
@Suite("Final results")
struct FinalResultTests {
    typealias Grouped = KGroupedStream<String, String>

    private func store<Value>(_ name: String, _ kind: FinalResults) -> Materialized<String, Value> {
        kind == .suppressedBehindCache ? .store(name) : .store(name).withoutCache()
    }

    private func run(
        _ records: [Text], _ kind: FinalResults, _ windows: some Sendable, compatibility: Compatibility = .none
    ) throws -> [String] {
        let builder = StreamsBuilder(compatibility: compatibility)
        let grouped = builder.stream("in", key: .string, value: .string).groupByKey()
        var counts: KTable<Windowed<String>, Int64>
        switch windows {
        case let windows as TimeWindows:
            let windowed = grouped.windowedBy(windows)
            counts = (kind == .onClose ? windowed.emit(.onWindowClose) : windowed).count(into: store("counts", kind))
        case let windows as SlidingWindows:
            let windowed = grouped.windowedBy(windows)
            counts = (kind == .onClose ? windowed.emit(.onWindowClose) : windowed).count(into: store("counts", kind))
        default:
            let windowed = grouped.windowedBy(try #require(windows as? SessionWindows))
            counts = (kind == .onClose ? windowed.emit(.onWindowClose) : windowed).count(into: store("counts", kind))
        }
        if kind != .onClose { counts = counts.suppress(.untilWindowCloses()) }
        counts.mapValues { "\($0)" }.lines().to("out")
        return try MillraceTests.run(
            records.map { ("in", $0) }, through: builder.build(), key: .string, value: .string
        ).lines
    }

    @Test("a session takes records until gap and grace are over, and then comes once", arguments: FinalResults.allCases)
    func session(_ kind: FinalResults) throws {
        let records = [text("k", "a", 8), text("x", "b", 13), text("k", "c", 8), text("x", "d", 30)]
        let lines = try run(records, kind, SessionWindows.session(gap: .milliseconds(5)))
        #expect(lines == ["k@8/8=2@8", "x@13/13=1@13"])
    }

    @Test(
        "a sliding window takes records of the time at its end, and then comes once", arguments: FinalResults.allCases)
    func sliding(_ kind: FinalResults) throws {
        let records = [text("k", "a", 100), text("k", "b", 100), text("x", "c", 200)]
        let lines = try run(records, kind, SlidingWindows.sliding(.milliseconds(10)))
        #expect(lines == ["k@90/100=2@100"])
    }

    @Test("a time window takes records until its end and grace, and then comes once", arguments: FinalResults.allCases)
    func tumbling(_ kind: FinalResults) throws {
        let records = [text("k", "a", 8), text("x", "b", 14), text("k", "c", 9), text("x", "d", 15), text("k", "e", 9)]
        let lines = try run(records, kind, TimeWindows.tumbling(.milliseconds(10), grace: .milliseconds(5)))
        #expect(lines == ["k@0/10=2@9"])
    }

    @Test("a record that expires what it closes loses nothing", arguments: FinalResults.allCases)
    func leap(_ kind: FinalResults) throws {
        let records = [text("k", "a", 100), text("k", "b", 105), text("x", "c", 1_000_000_000)]
        #expect(
            try run(records, kind, SlidingWindows.sliding(.milliseconds(10)))
                == ["k@90/100=1@100", "k@95/105=2@105", "k@101/111=1@105"])
        #expect(try run(records, kind, SessionWindows.session(gap: .milliseconds(5))) == ["k@100/105=2@105"])
        #expect(try run(records, kind, TimeWindows.tumbling(.milliseconds(10))) == ["k@100/110=2@105"])
    }

    @Test("a record in reach of a session that has closed begins another one", arguments: FinalResults.allCases)
    func nextSession(_ kind: FinalResults) throws {
        let records = [
            text("k", "a", 8), text("x", "b", 14), text("k", "c", 12), text("k", "d", 3), text("x", "e", 30),
        ]
        let lines = try run(records, kind, SessionWindows.session(gap: .milliseconds(5)))
        #expect(lines == ["k@8/8=1@8", "k@12/12=1@12", "x@14/14=1@14"])
    }

    @Test("times at the end of time close nothing that lasts until then", arguments: FinalResults.allCases)
    func endOfTime(_ kind: FinalResults) throws {
        let records = [text("k", "a", 8), text("k", "b", .max), text("k", "c", .max - 1)]
        let forever = Duration.milliseconds(Int64.max)
        #expect(try run(records, kind, SessionWindows.session(gap: .milliseconds(5), grace: forever)) == [])
        #expect(try run(records, kind, SlidingWindows.sliding(.milliseconds(5), grace: forever)) == [])
        #expect(try run(records, kind, TimeWindows.tumbling(.milliseconds(5), grace: forever)) == [])
        #expect(try run(records, kind, SessionWindows.session(gap: .milliseconds(5))) == ["k@8/8=1@8"])
        #expect(try run(records, kind, TimeWindows.tumbling(.milliseconds(5))) == ["k@5/10=1@8"])
    }

    @Test("those of Kafka Streams may be had, by name")
    func compatibility() throws {
        let session = [text("k", "a", 8), text("x", "b", 13), text("k", "c", 8), text("x", "d", 30)]
        let (gap, difference) = (
            SessionWindows.session(gap: .milliseconds(5)), SlidingWindows.sliding(.milliseconds(10))
        )
        #expect(
            try run(session, .suppressed, gap, compatibility: .kafkaStreams)
                == ["k@8/8=1@8", "k@8/8=2@8", "x@13/13=1@13"])
        #expect(
            try run(session, .onClose, gap, compatibility: .kafkaStreams) == ["k@8/8=1@8", "x@13/13=1@13"])
        let sliding = [text("k", "a", 100), text("k", "b", 100), text("x", "c", 200)]
        #expect(
            try run(sliding, .suppressed, difference, compatibility: .kafkaStreams)
                == ["k@90/100=1@100", "k@90/100=2@100", "x@190/200=1@200"])
        #expect(try run(sliding, .onClose, difference, compatibility: .kafkaStreams) == [])
    }
}
