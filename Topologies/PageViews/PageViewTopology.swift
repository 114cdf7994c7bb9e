public import Millrace

/// Page views enriched with their users' regions, and counted by region: the classic example of Kafka Streams.
///
/// Each view is joined with its user's profile as that is at the moment; a user without one is in the region `unknown`. The
/// region becomes the key, so the views go through a repartition topic before they are counted.
public struct PageViewTopology: Sendable {
    public static let views = "page-views"
    public static let profiles = "user-profiles"
    public static let enriched = "page-views-enriched"
    public static let counts = "page-views-by-region"
    public static let store = "views-by-region"
    /// The region of users whose profile is not there.
    public static let unknownRegion = "unknown"

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
        enriched
            .groupByKey(named: Self.counts, key: .string, value: .json())
            .count(into: .store(Self.store))
            .toStream()
            .to(Self.counts)
    }
}
