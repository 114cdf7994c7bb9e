public import Millrace

/// Page views enriched with their users' regions, and counted by region: the classic example of Kafka Streams.
///
/// Each view is joined with its user's present profile; a user without one is in the region `unknown`. The region becomes the
/// key, so the views go through a repartition topic before they are counted: in total, and by week. A week begins every day.
public struct PageViewTopology: Sendable {
    public static let views = "page-views"
    public static let profiles = "user-profiles"
    public static let enriched = "page-views-enriched"
    public static let counts = "page-views-by-region"
    public static let weeklyCounts = "page-views-by-region-and-week"
    public static let store = "views-by-region"
    public static let weeklyStore = "views-by-region-and-week"
    /// The region of users without a profile.
    public static let unknownRegion = "unknown"

    /// The span that views are counted in; 7 days by default.
    public var span: Duration = .seconds(7 * 86_400)
    /// The distance between the starts of two spans; a day by default. Kafka's example begins one every second, and so counts
    /// each view 604,800 times.
    public var advance: Duration = .seconds(86_400)
    /// The time by which a view may be late; a day by default.
    public var grace: Duration = .seconds(86_400)

    public init() {}

    public func define(in builder: StreamsBuilder) {
        let profiles = builder.table(
            Self.profiles, key: .string, value: .json(UserProfile.self), into: .store(Self.profiles))
        let enriched =
            builder
            .stream(Self.views, key: .string, value: .json(PageView.self), timestamp: .value(\.timestampMs))
            .leftJoin(profiles, named: "with-profile", result: .json(RegionalPageView.self)) { view, profile in
                RegionalPageView(
                    user: view.user, page: view.page, region: profile?.region ?? Self.unknownRegion)
            }
            .selectKey(named: "by-region", key: .string) { _, view in view.region }
        enriched.to(Self.enriched)
        let byRegion = enriched.groupByKey(named: Self.counts, key: .string, value: .json())
        byRegion
            .count(into: .store(Self.store))
            .toStream()
            .to(Self.counts)
        byRegion
            .windowedBy(.hopping(span, advance: advance, grace: grace))
            .count(into: .store(Self.weeklyStore))
            .toStream()
            .selectKey(named: "by-region-and-week", key: .json(RegionalSpan.self)) { windowed, _ in
                windowed.map { RegionalSpan(region: $0.key, startMs: $0.window.startMs) }
            }
            .to(Self.weeklyCounts)
    }
}
