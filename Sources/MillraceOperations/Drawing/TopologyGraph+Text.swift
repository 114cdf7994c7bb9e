package import Millrace

extension TopologyGraph.Node {
    /// The lines under the node's name: its topics or stores.
    var details: [String] {
        switch kind {
        case .source(let topics, let pattern): topics.map(\.name) + (pattern.map { ["/\($0)/"] } ?? [])
        case .processor(let stores): stores.map { "[\($0)]" }
        case .sink(let topic): [topic.name]
        case .choosingSink(let choice): ["by \(choice)"]
        }
    }

    fileprivate var kindName: String {
        switch kind {
        case .source: "source"
        case .processor: "processor"
        case .sink, .choosingSink: "sink"
        }
    }
}

extension TopologyGraph {
    /// The ways through internal topics: from the sinks that write one to the sources that read it.
    var crossings: [(from: String, to: String, topic: String)] {
        let nodes = subtopologies.flatMap(\.nodes)
        var readers: [String: [String]] = [:]
        for node in nodes {
            guard case .source(let topics, _) = node.kind else { continue }
            for topic in topics where topic.isInternal { readers[topic.name, default: []].append(node.name) }
        }
        return nodes.flatMap { node -> [(from: String, to: String, topic: String)] in
            guard case .sink(let topic) = node.kind, topic.isInternal else { return [] }
            return readers[topic.name, default: []].map { (node.name, $0, topic.name) }
        }
    }

    fileprivate func title(_ subtopology: Subtopology) -> String {
        "Sub-topology \(subtopology.id)\(subtopology.isGlobal ? " (global)" : "")"
    }

    /// The graph as Mermaid draws it.
    package var mermaid: String {
        var ids: [String: String] = [:]
        for node in subtopologies.flatMap(\.nodes) { ids[node.name] = "n\(ids.count)" }
        func text(_ node: Node) -> String {
            let lines = ([node.name] + node.details).map { line in
                line.map { character in
                    switch character {
                    case "\"": "#quot;"
                    case "<": "#lt;"
                    case ">": "#gt;"
                    case "#": "#35;"
                    default: String(character)
                    }
                }.joined()
            }
            let label = "\"\(lines.joined(separator: "<br/>"))\""
            return switch node.kind {
            case .source, .sink, .choosingSink: "([\(label)])"
            case .processor: "[\(label)]"
            }
        }
        var lines = ["flowchart TD"]
        for subtopology in subtopologies {
            lines.append("    subgraph s\(subtopology.id)[\"\(title(subtopology))\"]")
            for node in subtopology.nodes { lines.append("        \(ids[node.name] ?? "")\(text(node))") }
            lines.append("    end")
        }
        for node in subtopologies.flatMap(\.nodes) {
            for successor in node.successors { lines.append("    \(ids[node.name] ?? "") --> \(ids[successor] ?? "")") }
        }
        for crossing in crossings { lines.append("    \(ids[crossing.from] ?? "") -.-> \(ids[crossing.to] ?? "")") }
        return lines.joined(separator: "\n")
    }

    /// The graph in Graphviz's language.
    package var dot: String {
        func quoted(_ text: String) -> String {
            "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
        }
        var lines = ["digraph topology {", "    rankdir=TB; node [shape=box, fontname=\"Helvetica\"];"]
        for subtopology in subtopologies {
            lines.append("    subgraph cluster_\(subtopology.id) {")
            lines.append("        label=\(quoted(title(subtopology)));")
            for node in subtopology.nodes {
                let label = ([node.name] + node.details).map { String(quoted($0).dropFirst().dropLast()) }
                let shape = node.kindName == "processor" ? "box" : "ellipse"
                lines.append(
                    "        \(quoted(node.name)) [shape=\(shape), label=\"\(label.joined(separator: "\\n"))\"];")
            }
            lines.append("    }")
        }
        for node in subtopologies.flatMap(\.nodes) {
            for successor in node.successors { lines.append("    \(quoted(node.name)) -> \(quoted(successor));") }
        }
        for crossing in crossings {
            lines.append("    \(quoted(crossing.from)) -> \(quoted(crossing.to)) [style=dashed];")
        }
        return (lines + ["}"]).joined(separator: "\n")
    }

    /// The graph as JSON.
    package var json: JSONFragment {
        .members([
            "subtopologies": .array(
                subtopologies.map { subtopology in
                    .members([
                        "id": .number(Int64(subtopology.id)), "isGlobal": .bool(subtopology.isGlobal),
                        "nodes": .array(subtopology.nodes.map(Self.json)),
                    ])
                })
        ])
    }

    private static func json(_ node: Node) -> JSONFragment {
        var topics: [Topic] = []
        var stores: [String] = []
        var chosen: String?
        switch node.kind {
        case .source(let read, let pattern): (topics, chosen) = (read, pattern)
        case .processor(let used): stores = used
        case .sink(let topic): topics = [topic]
        case .choosingSink(let choice): chosen = choice
        }
        return .members([
            "name": .string(node.name), "kind": .string(node.kindName),
            "topics": .array(
                topics.map { .members(["name": .string($0.name), "isInternal": .bool($0.isInternal)]) }),
            "pattern": .optional(chosen), "stores": .array(stores.map(JSONFragment.string)),
            "successors": .array(node.successors.map(JSONFragment.string)),
        ])
    }
}
