import Foundation

/// A chart of lines, written as SVG.
package struct Chart {
    package struct Line {
        package var name: String
        package var points: [(x: Double, y: Double)]
        package var color: String
        package var isDashed: Bool

        package init(_ name: String, _ points: [(x: Double, y: Double)], color: String, isDashed: Bool = false) {
            (self.name, self.points, self.color, self.isDashed) = (name, points, color, isDashed)
        }
    }

    /// An axis from one number to another.
    package struct Axis {
        package var title: String
        package var range: ClosedRange<Double>
        package var isLogarithmic: Bool
        package var ticks: [Double]

        package init(_ title: String, _ range: ClosedRange<Double>, isLogarithmic: Bool = false, ticks: [Double]) {
            (self.title, self.range, self.isLogarithmic, self.ticks) = (title, range, isLogarithmic, ticks)
        }

        /// An axis that holds some positive numbers, logarithmic.
        package static func logarithmic(_ title: String, holding values: [Double]) -> Axis {
            let (low, high) = (max(1e-9, values.min() ?? 1), max(1e-9, values.max() ?? 10))
            let steps = (-9...12).flatMap { exponent in [1, 2, 5].map { $0 * pow(10, Double(exponent)) } }
            let first = steps.last { $0 <= low * 0.999 } ?? low
            let last = steps.first { $0 >= high * 1.001 } ?? high
            return Axis(title, first...last, isLogarithmic: true, ticks: steps.filter { $0 >= first && $0 <= last })
        }

        /// An axis from 0 that holds a positive number, with about five round ticks.
        package static func linear(_ title: String, upTo value: Double) -> Axis {
            let least = max(1e-9, value / 5)
            let unit = pow(10, floor(log10(least)))
            let step = ([1, 2, 2.5, 5, 10].first { $0 * unit >= least } ?? 10) * unit
            let count = Int((value / step).rounded(.up))
            return Axis(title, 0...Double(max(1, count)) * step, ticks: (0...max(1, count)).map { Double($0) * step })
        }

        func share(of value: Double) -> Double {
            let scale: (Double) -> Double = isLogarithmic ? { log(max(1e-12, $0)) } : { $0 }
            return (scale(value) - scale(range.lowerBound)) / (scale(range.upperBound) - scale(range.lowerBound))
        }
    }

    package var title: String
    package var subtitle: String
    package var x: Axis
    package var y: Axis
    package var lines: [Line]
    /// A line across the chart at a value of x, with its label.
    package var mark: (x: Double, label: String)?

    package init(
        _ title: String, subtitle: String, x: Axis, y: Axis, lines: [Line], mark: (x: Double, label: String)? = nil
    ) {
        (self.title, self.subtitle, self.x, self.y, self.lines, self.mark) = (title, subtitle, x, y, lines, mark)
    }

    /// Colours that people with the usual kinds of colour blindness tell apart (Okabe and Ito).
    package static let colors = [
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5f6b7a", "#b8a600",
    ]

    private static let (width, height) = (760.0, 460.0)
    private static let (left, right, top, bottom) = (74.0, 176.0, 66.0, 58.0)
    private var plotWidth: Double { Self.width - Self.left - Self.right }
    private var plotHeight: Double { Self.height - Self.top - Self.bottom }

    private func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
        (Self.left + x.share(of: point.x) * plotWidth, Self.top + (1 - y.share(of: point.y)) * plotHeight)
    }

    package var svg: String {
        let sheet = """
            text { font-family: Helvetica, Arial, "DejaVu Sans", sans-serif; font-size: 12px; fill: #3c4450; }
            .title { font-size: 16px; font-weight: 600; fill: #171b21; }
            .axis { fill: #59626f; } .end { font-weight: 600; }
            .grid { stroke: #e6e9ed; stroke-width: 1; } .frame { stroke: #a9b1bb; stroke-width: 1; fill: none; }
            .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
            """
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img">
            <title>\(Self.escaped(title))</title>
            <style>\(sheet)</style>
            <rect width="100%" height="100%" rx="6" fill="#ffffff"/>
            <text class="title" x="\(Self.left)" y="28">\(Self.escaped(title))</text>
            <text x="\(Self.left)" y="48">\(Self.escaped(subtitle))</text>
            \(grid)
            \(marked)
            \(lines.map(drawn).joined(separator: "\n"))
            \(labels)
            </svg>

            """
    }

    private var grid: String {
        let (right, bottom) = (Self.left + plotWidth, Self.top + plotHeight)
        var parts: [String] = []
        for tick in y.ticks {
            let at = Self.text(place((x.range.lowerBound, tick)).y)
            parts.append(#"<line class="grid" x1="\#(Self.left)" y1="\#(at)" x2="\#(right)" y2="\#(at)"/>"#)
            let label = Self.label(of: tick)
            parts.append(
                #"<text class="axis" x="\#(Self.left - 9)" y="\#(at)" dy="4" text-anchor="end">\#(label)</text>"#)
        }
        for tick in x.ticks {
            let at = Self.text(place((tick, y.range.lowerBound)).x)
            parts.append(#"<line class="grid" x1="\#(at)" y1="\#(Self.top)" x2="\#(at)" y2="\#(bottom)"/>"#)
            let label = Self.label(of: tick)
            parts.append(#"<text class="axis" x="\#(at)" y="\#(bottom + 20)" text-anchor="middle">\#(label)</text>"#)
        }
        parts.append(#"<path class="frame" d="M\#(Self.left) \#(Self.top)V\#(bottom)H\#(right)"/>"#)
        let middle = Self.left + plotWidth / 2
        parts.append(#"<text x="\#(middle)" y="\#(bottom + 44)" text-anchor="middle">\#(Self.escaped(x.title))</text>"#)
        let turn = Self.text(Self.top + plotHeight / 2)
        parts.append(
            #"<text transform="translate(20 \#(turn)) rotate(-90)" text-anchor="middle">\#(Self.escaped(y.title))</text>"#
        )
        return parts.joined(separator: "\n")
    }

    private var marked: String {
        guard let mark else { return "" }
        let at = Self.text(place((mark.x, y.range.lowerBound)).x)
        return """
            <line x1="\(at)" y1="\(Self.top)" x2="\(at)" y2="\(Self.top + plotHeight)" stroke="#8a93a0" stroke-dasharray="2 4"/>
            <text class="axis" x="\(at)" y="\(Self.top - 5)" text-anchor="middle">\(Self.escaped(mark.label))</text>
            """
    }

    /// The points of a line within the chart; where it enters the chart from the left, the place at the edge.
    private func visible(_ line: Line) -> [(x: Double, y: Double)] {
        var points: [(x: Double, y: Double)] = []
        for (index, point) in line.points.enumerated() where point.x >= x.range.lowerBound {
            if points.isEmpty, index > 0 {
                let before = line.points[index - 1]
                let share = (x.range.lowerBound - before.x) / (point.x - before.x)
                points.append((x.range.lowerBound, exp(log(before.y) + share * (log(point.y) - log(before.y)))))
            }
            if point.x <= x.range.upperBound { points.append(point) }
        }
        return points
    }

    private func drawn(_ line: Line) -> String {
        let places = visible(line).map(place)
        let path = places.map { "\(Self.text($0.x)) \(Self.text($0.y))" }.joined(separator: "L")
        let dots = places.map { #"<circle cx="\#(Self.text($0.x))" cy="\#(Self.text($0.y))" r="2.75"/>"# }
        let dash = line.isDashed ? #" stroke-dasharray="6 5""# : ""
        return """
            <path class="line" stroke="\(line.color)"\(dash) d="M\(path)"/>
            <g fill="\(line.color)">\(dots.joined())</g>
            """
    }

    /// The names of the lines beside their right ends, pushed apart where they would overlap.
    private var labels: String {
        let ends = lines.compactMap { line in
            visible(line).last.map { (line: line, x: place($0).x, y: place($0).y) }
        }.sorted { $0.y < $1.y }
        var places: [Double] = []
        for end in ends { places.append(max(end.y, (places.last ?? -100) + 17)) }
        let over = (places.last ?? 0) - (Self.top + plotHeight)
        if over > 0 {
            for index in places.indices.reversed() {
                let limit = index == places.count - 1 ? Self.top + plotHeight : places[index + 1] - 17
                places[index] = min(places[index], limit)
            }
        }
        let at = Self.left + plotWidth + 12
        return zip(ends, places).map { end, y in
            let stroke = end.line.isDashed ? #" stroke-dasharray="6 5""# : ""
            return """
                <line x1="\(Self.text(end.x + 4))" y1="\(Self.text(end.y))" x2="\(at - 2)" y2="\(Self.text(y))" \
                stroke="\(end.line.color)" stroke-opacity="0.3"/>
                <line x1="\(at)" x2="\(at + 18)" y1="\(Self.text(y))" y2="\(Self.text(y))" stroke="\(end.line.color)" \
                stroke-width="2.25"\(stroke)/>
                <text class="end" x="\(at + 24)" y="\(Self.text(y + 4))">\(Self.escaped(end.line.name))</text>
                """
        }.joined(separator: "\n")
    }

    private static func text(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }

    private static func label(of tick: Double) -> String {
        if tick >= 1_000, tick == tick.rounded() { return Int(tick).grouped }
        return tick == tick.rounded() ? String(Int(tick)) : "\(tick)"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}
