import Hummingbird
import Millrace
import MillraceRuntime

/// The topology as a graph.
struct TopologyRoutes: RouteGroup {
    let application: StreamsApplication

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/topology",
                summary: "Describes the topology as a graph: sub-topologies, nodes, stores and topics.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The graph.", content: ["application/json": ConsoleSchema.topology])
                ], answer: { _ in answer() })
        ]
    }

    private func answer() -> Response {
        let topology = application.topology
        let writer = GraphWriter(
            applicationID: application.configuration.applicationID, changelogs: topology.changelogTopics,
            stores: Dictionary(application.stores.map { ($0.name, $0) }) { first, _ in first })
        return .json(
            JSON.object([
                ("applicationId", JSON.quoted(application.configuration.applicationID)),
                ("subtopologies", JSON.array(topology.graph.subtopologies.map(writer.json))),
            ]))
    }
}

/// Writes a graph with the names that topics have on the broker.
private struct GraphWriter {
    let applicationID: String
    let changelogs: [String: TopologyGraph.Topic]
    let stores: [String: StoreDescription]

    func json(_ subtopology: TopologyGraph.Subtopology) -> String {
        return JSON.object([
            ("id", "\(subtopology.id)"), ("isGlobal", "\(subtopology.isGlobal)"),
            ("nodes", JSON.array(subtopology.nodes.map(json))),
            ("stores", JSON.array(subtopology.storeNames.map(json(ofStore:)))),
        ])
    }

    private func json(_ node: TopologyGraph.Node) -> String {
        var members: [(String, String?)] = [("name", JSON.quoted(node.name))]
        switch node.kind {
        case .source(let topics, let pattern):
            members += [
                ("kind", JSON.quoted("source")), ("topics", JSON.array(topics.map(json))),
                ("pattern", pattern.map(JSON.quoted)),
            ]
        case .processor(let stores):
            members += [("kind", JSON.quoted("processor")), ("stores", JSON.array(stores.sorted().map(JSON.quoted)))]
        case .sink(let topic):
            members += [("kind", JSON.quoted("sink")), ("topics", JSON.array([json(topic)]))]
        case .choosingSink(let choice):
            members += [("kind", JSON.quoted("sink")), ("topics", "[]"), ("chosenBy", JSON.quoted(choice))]
        }
        return JSON.object(members + [("successors", JSON.array(node.successors.map(JSON.quoted)))])
    }

    private func json(_ topic: TopologyGraph.Topic) -> String {
        JSON.object([("name", JSON.quoted(name(of: topic))), ("isInternal", "\(topic.isInternal)")])
    }

    private func json(ofStore name: String) -> String {
        JSON.object([
            ("name", JSON.quoted(name)), ("kind", stores[name].map { JSON.quoted($0.kind.rawValue) }),
            ("changelog", changelogs[name].map { JSON.quoted(self.name(of: $0)) }),
        ])
    }

    private func name(of topic: TopologyGraph.Topic) -> String {
        topic.isInternal ? "\(applicationID)-\(topic.name)" : topic.name
    }
}

extension TopologyGraph.Subtopology {
    /// The names of the stores that its processors use, in order.
    var storeNames: [String] { Set(nodes.flatMap(\.storeNames)).sorted() }
}

extension TopologyGraph.Node {
    fileprivate var storeNames: [String] {
        if case .processor(let stores) = kind { stores } else { [] }
    }
}
