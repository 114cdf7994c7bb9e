import Millrace
import MillraceMetrics
import MillraceRuntime

/// The thing that a server shows: its groups of routes, and the stores that they are about.
protocol ServedContent: Sendable {
    /// The description of all endpoints together, for the OpenAPI document.
    var summary: String { get }

    /// Returns the groups, without the description of them all.
    func groups(_ parts: ServerParts) -> [any RouteGroup]

    /// The groups that the OpenAPI document does not describe.
    var undescribedGroups: [any RouteGroup] { get }

    /// Returns the store of an index; `nil` if there is no such index.
    func store(ofIndex index: String) -> String?

    /// Returns the position of a store, or of all stores, as far as it is known here.
    func position(of store: String?) -> Position
}

extension ServedContent {
    var undescribedGroups: [any RouteGroup] { [] }
    func store(ofIndex index: String) -> String? { nil }
    func position(of store: String?) -> Position { Position() }
}

/// The parts of a server that groups of routes use.
struct ServerParts: Sendable {
    var configuration: MillraceServer.Configuration
    var metrics: PrometheusRegistry
    var peers: PeerClient
    var access: AccessControl
    var listening: ListeningAddress
}

/// An instance of a streams application.
struct ServedApplication: ServedContent {
    let application: StreamsApplication

    var summary: String { "The stores of a stream processing application, read from any of its instances." }

    func groups(_ parts: ServerParts) -> [any RouteGroup] {
        let configuration = parts.configuration
        let stores = StoreAccess(application: application, limits: configuration.limits)
        let owners = Owners(stores: stores, peers: parts.peers)
        let own = OwnAddress(application: application, listening: parts.listening)
        let gather = InstanceGather(application: application, peers: parts.peers, own: own)
        let operated = OperatedInstances(application: application, peers: parts.peers, own: own)
        let scrape = MetricsScrape(application, registry: parts.metrics)
        return [
            HealthRoutes(application: application),
            MetricsRoutes(scrape: scrape), MetricSummaryRoutes(scrape: scrape),
            CatalogueRoutes(application: application),
            EntryRoutes(owners: owners), ScanRoutes(owners: owners),
            BatchRoutes(owners: owners),
            ChangeRoutes(stores: stores),
            IndexCatalogueRoutes(application: application, peers: parts.peers, own: own),
            IndexSearchRoutes(owners: owners),
            TopologyRoutes(application: application), TaskRoutes(gather: gather), ErrorRoutes(gather: gather),
            DeadLetterRoutes(application: application), RightsRoutes(access: parts.access),
            ExplainRoutes(gather: gather, limits: configuration.limits),
            PauseRoutes(instances: operated), ThreadRoutes(instances: operated),
            ConfigurationRoutes(settings: configuration.settings ?? application.configuration.settingDescriptions),
        ]
    }

    var undescribedGroups: [any RouteGroup] { [ConsoleRoutes()] }

    func store(ofIndex index: String) -> String? { try? application.index(named: index).store }

    func position(of store: String?) -> Position { application.position(of: store) }
}
