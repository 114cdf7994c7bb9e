/// The text in which Prometheus takes metrics.
///
/// Sources: https://prometheus.io/docs/instrumenting/exposition_formats and the OpenMetrics 1.0 specification.
package enum Exposition: Sendable, CaseIterable {
    /// Prometheus' text format, version 0.0.4.
    case text
    /// OpenMetrics 1.0.
    case openMetrics

    /// The value of the header `Content-Type`.
    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// Returns the format that a client prefers by its header `Accept`; the text format unless it asks for OpenMetrics.
    package static func negotiated(accept: String?) -> Exposition {
        guard let accept else { return .text }
        var (text, openMetrics) = (0.0, 0.0)
        for part in accept.split(separator: ",") {
            let pieces = part.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            func parameter(_ name: String) -> String? {
                pieces.dropFirst().first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
            }
            let quality = parameter("q").flatMap { Double($0) } ?? 1
            switch pieces.first ?? "" {
            case "application/openmetrics-text":
                if ["1.0.0", nil].contains(parameter("version")) { openMetrics = max(openMetrics, quality) }
            case "text/plain", "text/*", "*/*": text = max(text, quality)
            default: break
            }
        }
        return openMetrics > 0 && openMetrics >= text ? .openMetrics : .text
    }

    /// Writes families, each with all of its samples together.
    func write(_ families: [ExposedFamily]) -> String {
        var output = ""
        for family in families where !family.samples.isEmpty { append(family, to: &output) }
        if self == .openMetrics { output += "# EOF\n" }
        return output
    }

    private func append(_ family: ExposedFamily, to output: inout String) {
        let description = family.description
        switch self {
        case .text:
            output += "# HELP \(description.name) \(escape(description.help, quotes: false))\n"
            output += "# TYPE \(description.name) \(description.kind.rawValue)\n"
        case .openMetrics:
            let name = description.nameWithoutTotal
            output += "# TYPE \(name) \(description.kind.rawValue)\n"
            if let unit = description.unit { output += "# UNIT \(name) \(unit.rawValue)\n" }
            output += "# HELP \(name) \(escape(description.help, quotes: true))\n"
        }
        for sample in family.samples {
            output += description.name
            output += sample.suffix
            if !sample.labels.isEmpty {
                output += "{"
                for (index, label) in sample.labels.enumerated() {
                    if index > 0 { output += "," }
                    output += "\(label.name)=\"\(escape(label.value, quotes: true))\""
                }
                output += "}"
            }
            output += " \(sample.value)\n"
        }
    }

    private func escape(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { [UInt8(ascii: "\\"), UInt8(ascii: "\n"), UInt8(ascii: "\"")].contains($0) })
        else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Returns a number as both formats write it; a whole one ends with `.0`, as the label `le` has to.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }
}

/// A family as it is written.
struct ExposedFamily: Sendable {
    struct Sample: Sendable {
        /// The end of the sample's name beyond the family's, such as `_bucket`.
        var suffix = ""
        var labels: [MetricLabel]
        var value: String
    }

    var description: MetricDescription
    var samples: [Sample]
}

/// A label of a series.
struct MetricLabel: Hashable, Sendable, Comparable {
    var name: String
    var value: String

    static func < (left: MetricLabel, right: MetricLabel) -> Bool {
        (left.name, left.value) < (right.name, right.value)
    }
}

extension MetricDescription {
    /// The name of the family in OpenMetrics, where only the samples of a counter have the suffix.
    var nameWithoutTotal: String {
        kind == .counter && name.hasSuffix("_total") ? String(name.dropLast("_total".count)) : name
    }

    /// The names of the family's samples and of the family in both formats. No other family may have one of them.
    var takenNames: Set<String> {
        switch kind {
        case .counter: [name, nameWithoutTotal, nameWithoutTotal + "_created"]
        case .gauge: [name]
        case .histogram: [name, name + "_bucket", name + "_sum", name + "_count", name + "_created"]
        }
    }
}
