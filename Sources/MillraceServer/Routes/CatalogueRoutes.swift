import Hummingbird
import Millrace
import MillraceRuntime

/// The catalogue: which stores there are, of which kind, and where their partitions are.
struct CatalogueRoutes: RouteGroup {
    let application: StreamsApplication

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/stores", summary: "Lists the stores.", stores: .all,
                replies: [
                    Route.Reply(
                        status: 200, summary: "All stores of the topology.",
                        content: ["application/json": Schema.stores])
                ], answer: { _ in list() }),
            Route(
                method: .get, path: "/stores/{store}", summary: "Describes a store.", stores: .named,
                parameters: [.store(example: "risk-store")],
                replies: [
                    Route.Reply(status: 200, summary: "The store.", content: ["application/json": Schema.store]),
                    Route.Reply(
                        status: 404, summary: "There is no such store.", content: ["application/json": Schema.error]),
                ], answer: { try describe($0) }),
        ]
    }

    private func list() -> Response {
        let stores = application.stores
        let position = stores.reduce(Position()) { $0.merging($1.position) }.description
        return .json(
            JSON.object([
                ("stores", JSON.array(stores.map { JSON.object($0.members) })),
                ("position", JSON.quoted(position)),
            ]), position: position)
    }

    private func describe(_ request: RouteRequest) throws -> Response {
        let name = try request.parameters.pathText("store")
        let stores = application.stores
        guard let store = stores.first(where: { $0.name == name }) else {
            throw Failure(
                .notFound, "store_unknown",
                "the topology has no such store; it has "
                    + (stores.isEmpty ? "none" : stores.map(\.name).joined(separator: ", ")))
        }
        let position = store.position.description
        return .json(
            JSON.object(store.members + [("position", JSON.quoted(position))]), position: position)
    }
}

extension StoreDescription {
    /// The progress of the partitions that can be read here.
    fileprivate var position: Position {
        partitions.compactMap(\.position).reduce(Position()) { $0.merging($1) }
    }

    fileprivate var members: [(String, String?)] {
        [
            ("name", JSON.quoted(name)), ("kind", JSON.quoted(kind.rawValue)), ("isGlobal", "\(isGlobal)"),
            ("keyType", key.map { JSON.quoted($0.name) }), ("valueType", value.map { JSON.quoted($0.name) }),
            ("inputTopics", JSON.array(inputTopics.map(JSON.quoted))),
            ("partitions", JSON.array(partitions.map(\.json))),
        ]
    }
}

extension StoreDescription.Partition {
    fileprivate var json: String {
        JSON.object([
            ("id", "\(id)"), ("location", JSON.quoted(location.rawValue)),
            ("owner", owner.map { JSON.quoted($0.description) }),
            ("standbys", JSON.array(standbys.map { JSON.quoted($0.description) })),
            ("position", position.map { JSON.quoted($0.description) }),
            ("approximateEntryCount", approximateEntryCount.map(String.init)),
            ("approximateSizeInBytes", approximateSizeInBytes.map(String.init)),
        ])
    }
}
