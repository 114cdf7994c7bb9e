import Hummingbird
import Millrace
import MillraceRuntime

/// The catalogue of indexes: what they are, and their figures, by partition and merged over all instances.
struct IndexCatalogueRoutes: RouteGroup {
    let application: StreamsApplication
    let peers: PeerClient
    let own: OwnAddress

    /// The longest wait for another instance.
    private static let limit = Duration.seconds(2)

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/indexes",
                summary: "Lists the indexes of stores: what they are, and their figures, merged over all instances.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "All indexes of the topology.",
                        content: ["application/json": IndexSchema.indexes])
                ], answer: { await list($0) })
        ]
    }

    private func list(_ request: RouteRequest) async -> Response {
        var indexes = application.stores.flatMap { store in
            store.indexes.map { IndexReport($0, of: store, at: own.shown?.description) }
        }
        var unreachable: [String] = []
        if !request.isForwarded, !indexes.isEmpty {
            for (address, lists) in await others(request) {
                guard let lists else {
                    unreachable.append(address.description)
                    continue
                }
                for index in indexes.indices {
                    indexes[index].add(lists[indexes[index].name] ?? [], from: address.description)
                }
            }
        }
        return .json(
            JSON.object([
                ("indexes", JSON.array(indexes.sorted { $0.name < $1.name }.map(\.json))),
                ("unreachable", JSON.array(unreachable.map(JSON.quoted))),
            ]))
    }

    private typealias Lists = [String: [IndexReport.Partition]]

    /// Asks the other instances for the figures of their partitions; `nil` for one that does not answer.
    private func others(_ request: RouteRequest) async -> [(InstanceAddress, Lists?)] {
        let addresses = application.instances.compactMap(\.address).filter { $0 != own.told }
            .sorted { $0.description < $1.description }
        let authorization = request.head.headerFields[.authorization]
        return await withTaskGroup(of: (Int, Lists?).self) { tasks in
            for (number, address) in addresses.enumerated() {
                tasks.addTask {
                    let answer = try? await peers.ask(
                        address, target: "/indexes", accept: "application/json", authorization: authorization,
                        within: Self.limit)
                    guard let answer, answer.status == 200 else { return (number, nil) }
                    return (number, IndexReport.partitions(in: answer.body))
                }
            }
            return await tasks.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
                .map { (addresses[$0.0], $0.1) }
        }
    }
}
