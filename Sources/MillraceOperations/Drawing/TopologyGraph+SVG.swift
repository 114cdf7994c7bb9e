package import Millrace

extension TopologyGraph {
    /// The graph as a picture, laid out here: each sub-topology in a frame, its nodes in layers from sources to sinks. No other
    /// program is needed, and the same topology gives the same picture everywhere.
    package var svg: String { TopologyPicture(self).svg }
}

private struct TopologyPicture {
    private struct Box {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
        /// The lower end of the lowest box of its layer; 0 for a frame.
        var layerEnd = 0.0
        var middle: Double { x + width / 2 }
    }

    private static let characterWidth = 7.3
    private static let lineHeight = 17.0
    private static let gap = 26.0
    private static let layerGap = 34.0
    private static let frameMargin = 12.0

    private let graph: TopologyGraph
    private var boxes: [String: Box] = [:]
    private var frames: [(title: String, box: Box)] = []
    /// The crossings that lead past other nodes: the x of the lane beside the frames that each takes, and its distance from layers,
    /// so that two crossings do not run on one line.
    private var lanes: [[String]: (x: Double, distance: Double)] = [:]
    private var size = (width: 0.0, height: 0.0)

    init(_ graph: TopologyGraph) {
        self.graph = graph
        var y = Self.gap
        for subtopology in graph.subtopologies {
            let height = place(subtopology, at: y)
            y += height + Self.gap
        }
        let right = (frames.map { $0.box.x + $0.box.width }.max() ?? 0) + Self.gap
        let detours = graph.crossings.filter { !isDirect($0.from, $0.to) }
        for (index, crossing) in detours.enumerated() {
            lanes[[crossing.from, crossing.to]] = (right + Double(index) * Self.frameMargin, 8 + 5 * Double(index % 3))
        }
        size = (right + Double(detours.count) * Self.frameMargin, y)
    }

    /// Whether a crossing leads from the last layer of a frame into the first of the next, so that nothing lies between.
    private func isDirect(_ from: String, _ to: String) -> Bool {
        guard let start = boxes[from], let end = boxes[to] else { return true }
        let distance = end.y - start.layerEnd
        return distance > 0 && distance <= 2 * Self.layerGap - Self.frameMargin + Self.gap
    }

    /// Places the nodes of one frame; returns its height.
    private mutating func place(_ subtopology: TopologyGraph.Subtopology, at top: Double) -> Double {
        var predecessors: [String: [String]] = [:]
        for node in subtopology.nodes {
            for name in node.successors { predecessors[name, default: []].append(node.name) }
        }
        var layerOf: [String: Int] = [:]
        // The nodes come after their predecessors.
        for node in subtopology.nodes {
            let above = predecessors[node.name, default: []].compactMap { layerOf[$0] }.max()
            layerOf[node.name] = above.map { $0 + 1 } ?? 0
        }
        let layers = Dictionary(grouping: subtopology.nodes) { layerOf[$0.name] ?? 0 }
        var y = top + Self.layerGap
        var right = 0.0
        for (_, nodes) in layers.sorted(by: { $0.key < $1.key }) {
            let wished = nodes.map { node -> (node: TopologyGraph.Node, middle: Double) in
                let above = predecessors[node.name, default: []].compactMap { boxes[$0]?.middle }
                return (node, above.isEmpty ? 0 : above.reduce(0, +) / Double(above.count))
            }
            var x = 2 * Self.gap
            var tallest = 0.0
            let ordered = wished.enumerated().sorted { left, right in
                (left.element.middle, left.offset) < (right.element.middle, right.offset)
            }
            for (node, middle) in ordered.map(\.element) {
                let lines = [node.name] + node.details
                let width = Double(lines.map(\.count).max() ?? 0) * Self.characterWidth + 24
                let height = Double(lines.count) * Self.lineHeight + 12
                x = max(x, middle - width / 2)
                boxes[node.name] = Box(x: x, y: y, width: width, height: height)
                x += width + Self.gap
                tallest = max(tallest, height)
            }
            for (node, _) in ordered.map(\.element) { boxes[node.name]?.layerEnd = y + tallest }
            right = max(right, x)
            y += tallest + Self.layerGap
        }
        let title = "Sub-topology \(subtopology.id)\(subtopology.isGlobal ? " (global)" : "")"
        let height = y - top - Self.frameMargin
        frames.append((title, Box(x: Self.gap, y: top, width: max(right, 200) - Self.gap, height: height)))
        return height
    }

    var svg: String {
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.text(size.width)) \(Self.text(size.height))\" "
                + "width=\"\(Self.text(size.width))\" height=\"\(Self.text(size.height))\" "
                + "font-family=\"ui-monospace, Menlo, monospace\" font-size=\"12\">",
            "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" "
                + "orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#667\"/></marker></defs>",
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
        ]
        for frame in frames {
            lines.append(Self.rectangle(frame.box, fill: "#f6f7f9", stroke: "#ccd", radius: 8))
            lines.append(
                "<text x=\"\(Self.text(frame.box.x + 12))\" y=\"\(Self.text(frame.box.y + 20))\" fill=\"#667\">"
                    + "\(Self.escaped(frame.title))</text>")
        }
        let nodes = graph.subtopologies.flatMap(\.nodes)
        for node in nodes { for name in node.successors { lines.append(edge(node.name, name, dashed: false)) } }
        for crossing in graph.crossings { lines.append(edge(crossing.from, crossing.to, dashed: true)) }
        for node in nodes { lines += draw(node) }
        return (lines + ["</svg>"]).joined(separator: "\n")
    }

    private func draw(_ node: TopologyGraph.Node) -> [String] {
        guard let box = boxes[node.name] else { return [] }
        let (fill, stroke, radius) =
            switch node.kind {
            case .source: ("#e6f2ff", "#58a", 14.0)
            case .processor(let stores): stores.isEmpty ? ("#fff", "#889", 3.0) : ("#fff4dc", "#b84", 3.0)
            case .sink, .choosingSink: ("#e8f6ea", "#4a7", 14.0)
            }
        let texts = ([node.name] + node.details).enumerated().map { line, text in
            "<text x=\"\(Self.text(box.middle))\" y=\"\(Self.text(box.y + 20 + Double(line) * Self.lineHeight))\" "
                + "text-anchor=\"middle\" fill=\"\(line == 0 ? "#223" : "#667")\">\(Self.escaped(text))</text>"
        }
        return [Self.rectangle(box, fill: fill, stroke: stroke, radius: radius)] + texts
    }

    private func edge(_ from: String, _ to: String, dashed: Bool) -> String {
        guard let start = boxes[from], let end = boxes[to] else { return "" }
        if let lane = lanes[[from, to]] { return detour(start, end, lane) }
        let (x1, y1, x2, y2) = (start.middle, start.y + start.height, end.middle, end.y)
        let bend = max(20, abs(y2 - y1) / 2)
        let path = [x1, y1, x1, y1 + bend, x2, y2 - bend, x2, y2].map(Self.text)
        return Self.line(
            "M\(path[0]) \(path[1])C\(path[2]) \(path[3]) \(path[4]) \(path[5]) \(path[6]) \(path[7])", dashed: dashed)
    }

    /// Draws a crossing under the start's layer, along its lane, and above the end.
    private func detour(_ start: Box, _ end: Box, _ lane: (x: Double, distance: Double)) -> String {
        let (top, below) = (Self.text(start.y + start.height), Self.text(start.layerEnd + lane.distance))
        let (above, bottom) = (Self.text(end.y - lane.distance), Self.text(end.y))
        let (x1, x2) = (Self.text(start.middle), Self.text(end.middle))
        return Self.line("M\(x1) \(top)V\(below)H\(Self.text(lane.x))V\(above)H\(x2)V\(bottom)", dashed: true)
    }

    private static func line(_ path: String, dashed: Bool) -> String {
        "<path d=\"\(path)\" fill=\"none\" stroke=\"#667\" stroke-linejoin=\"round\""
            + "\(dashed ? " stroke-dasharray=\"5 4\"" : "") marker-end=\"url(#arrow)\"/>"
    }

    private static func rectangle(_ box: Box, fill: String, stroke: String, radius: Double) -> String {
        "<rect x=\"\(text(box.x))\" y=\"\(text(box.y))\" width=\"\(text(box.width))\" height=\"\(text(box.height))\" "
            + "rx=\"\(text(radius))\" fill=\"\(fill)\" stroke=\"\(stroke)\"/>"
    }

    private static func text(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "<": "&lt;"
            case ">": "&gt;"
            case "&": "&amp;"
            case "\"": "&quot;"
            default: String(character)
            }
        }.joined()
    }
}
