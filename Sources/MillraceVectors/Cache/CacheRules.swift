/// The rules on which a cache's promises rest. Only tests break one, to show that they find it.
package struct CacheRules: Sendable {
    /// Requests for a key that is being loaded wait for that load.
    package var joinsLoads = true
    /// An announcement ends a remembered absence.
    package var endsAbsences = true
    /// An older version never takes the place of a newer one.
    package var keepsNewerVersions = true
    /// A namespace within its guaranteed share loses nothing to others.
    package var keepsShares = true
    /// The keys of a load that has failed are loaded again in smaller loads, until a bad one fails alone.
    package var splitsLoads = true
    /// A source that is away gets one load at a time, with pauses.
    package var pausesLoads = true

    /// The cache remembers announced versions that it could not load.
    package var remembersVersions = true

    package init() {}
}
