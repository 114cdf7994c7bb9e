import Millrace
import MillraceTesting
import PageViews
import Testing

@Suite("Page views")
struct PageViewTests {
    private func driver(partitions: PartitionCounts = 1) throws -> TopologyTestDriver {
        let builder = StreamsBuilder()
        PageViewTopology().define(in: builder)
        let topology = try builder.build()
        return try TopologyTestDriver(topology, partitions: partitions)
    }

    private func profile(_ user: String, _ region: String?, in driver: TopologyTestDriver) throws {
        try driver.inputTopic(PageViewTopology.profiles, key: .string, value: .json(UserProfile.self))
            .pipe(key: user, value: region.map { UserProfile(region: $0, experience: "some") })
    }

    private func view(
        _ user: String, _ page: String, at timestampMs: Int64 = 5, in driver: TopologyTestDriver
    ) throws {
        try driver.inputTopic(PageViewTopology.views, key: .string, value: .json(PageView.self))
            .pipe(key: user, value: PageView(user: user, page: page, timestampMs: timestampMs))
    }

    @Test("a view has its user's region at the time of the view")
    func enriches() throws {
        let driver = try driver()
        try view("alice", "a", in: driver)
        try profile("alice", "europe", in: driver)
        try view("alice", "b", in: driver)
        try profile("alice", "asia", in: driver)
        try view("alice", "c", in: driver)
        try profile("alice", nil, in: driver)
        try view("alice", "d", in: driver)
        let enriched = driver.outputTopic(PageViewTopology.enriched, key: .string, value: .json(RegionalPageView.self))
        let records = try enriched.readRecords()
        #expect(records.map(\.key) == ["unknown", "europe", "asia", "unknown"])
        #expect(records.map { $0.value?.page } == ["a", "b", "c", "d"])
        #expect(records.map(\.timestampMs) == [5, 5, 5, 5])
    }

    @Test("views are counted by region, across partitions and restarts", arguments: InstanceEnding.allCases)
    func counts(ending: InstanceEnding) throws {
        let driver = try driver(partitions: 3)
        for (user, region) in [("alice", "europe"), ("bob", "europe"), ("chen", "asia")] {
            try profile(user, region, in: driver)
        }
        for user in ["alice", "bob", "chen", "alice"] { try view(user, "index", in: driver) }
        try driver.restart(ending)
        for user in ["bob", "dora"] { try view(user, "index", in: driver) }
        let counts = try driver.outputTopic(PageViewTopology.counts, key: .string, value: .int64).readTable()
        #expect(counts == ["europe": 4, "asia": 1, "unknown": 1])
    }

    @Test(
        "a view counts in each week that contains it, a late one in those that are open",
        arguments: InstanceEnding.allCases)
    func weeks(ending: InstanceEnding) throws {
        let driver = try driver()
        let dayMs: Int64 = 86_400_000
        try profile("alice", "europe", in: driver)
        try view("alice", "a", at: 10 * dayMs, in: driver)
        try view("alice", "b", at: 12 * dayMs + 1, in: driver)
        try driver.restart(ending)
        try view("alice", "late", at: 6 * dayMs, in: driver)
        let counts = try driver.outputTopic(
            PageViewTopology.weeklyCounts, key: .json(RegionalSpan.self), value: .int64
        ).readTable()
        let byDay = Dictionary(uniqueKeysWithValues: counts.map { ($0.startMs / dayMs, $1) })
        #expect(
            byDay == [4: 1, 5: 2, 6: 3, 7: 2, 8: 2, 9: 2, 10: 2, 11: 1, 12: 1],
            "the weeks from day 0 to 4 are closed a day after their ends")
        #expect(counts.keys.allSatisfy { $0.region == "europe" && $0.startMs % dayMs == 0 })
    }

    @Test("topics with different partition counts are reported")
    func copartitioning() throws {
        #expect(throws: StreamsError.self) {
            _ = try driver(partitions: [PageViewTopology.views: 4, PageViewTopology.profiles: 2])
        }
    }
}
