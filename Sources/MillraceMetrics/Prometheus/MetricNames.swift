/// Names of metrics and labels as Prometheus allows them.
enum MetricNames {
    /// Returns a name of a metric: letters, digits, `_` and `:`, and no digit first. Everything else becomes `_`.
    static func metric(_ text: String) -> String { name(text, allowsColon: true) }

    /// Returns the names of labels: letters, digits and `_`, no digit first, none that is reserved, none twice.
    static func labels(_ dimensions: [(String, String)], isHistogram: Bool) -> [MetricLabel] {
        var taken: Set<String> = isHistogram ? ["le"] : []
        var labels: [MetricLabel] = []
        for (name, value) in dimensions {
            var unique = self.name(name, allowsColon: false)
            if unique.hasPrefix("__") { unique = "label" + unique }
            while !taken.insert(unique).inserted { unique += "_" }
            labels.append(MetricLabel(name: unique, value: value))
        }
        return labels
    }

    private static func name(_ text: String, allowsColon: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isAllowed =
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_": true
                case ":": allowsColon
                default: false
                }
            result.unicodeScalars.append(isAllowed ? scalar : "_")
        }
        if result.unicodeScalars.first.map({ ("0"..."9").contains($0) }) ?? true { result = "_" + result }
        return result
    }
}
