/// A user's look at a page, as JSON in the topic `page-views`, keyed by the user.
public struct PageView: Codable, Sendable, Hashable {
    public var user: String
    public var page: String
    /// The time of the view, in milliseconds since the epoch.
    public var timestampMs: Int64

    public init(user: String, page: String, timestampMs: Int64) {
        self.user = user
        self.page = page
        self.timestampMs = timestampMs
    }
}

/// A user's profile, as JSON in the topic `user-profiles`, keyed by the user. The newest one counts.
public struct UserProfile: Codable, Sendable, Hashable {
    public var region: String
    public var experience: String

    public init(region: String, experience: String) {
        self.region = region
        self.experience = experience
    }
}

/// A page view together with its user's region, as JSON in the topic `page-views-enriched`, keyed by the region.
public struct RegionalPageView: Codable, Sendable, Hashable {
    public var user: String
    public var page: String
    public var region: String

    public init(user: String, page: String, region: String) {
        self.user = user
        self.page = page
        self.region = region
    }
}

/// A region and a span of time, as JSON: the key of the topic `page-views-by-region-and-week`.
public struct RegionalSpan: Codable, Sendable, Hashable {
    public var region: String
    /// The start of the span, in milliseconds since the epoch.
    public var startMs: Int64

    public init(region: String, startMs: Int64) {
        self.region = region
        self.startMs = startMs
    }
}
