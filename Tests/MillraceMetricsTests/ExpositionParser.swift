/// A strict reader of the two text formats, which follows their rules rather than the writer.
struct ExpositionParser {
    struct Family: Equatable {
        var name: String
        var kind: String
        var unit: String?
        var help: String?
        var samples: [Sample] = []
    }

    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Broken: Error, CustomStringConvertible {
        var description: String
    }

    let isOpenMetrics: Bool

    /// Returns the families of a text.
    ///
    /// - Throws: `Broken` if a rule of the format is broken.
    func families(in text: String) throws -> [Family] {
        var families: [Family] = []
        var names: Set<String> = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.popLast() == "" else { throw Broken(description: "the last line does not end") }
        if isOpenMetrics {
            guard lines.popLast() == "# EOF" else { throw Broken(description: "no # EOF at the end") }
        }
        for line in lines {
            if line.hasPrefix("# ") {
                let parts = line.dropFirst(2).split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
                guard parts.count == 3 else { throw Broken(description: "incomplete: \(line)") }
                let name = String(parts[1])
                if families.last?.name != name {
                    guard names.insert(name).inserted else { throw Broken(description: "\(name) comes twice") }
                    families.append(Family(name: name, kind: ""))
                }
                guard families[families.count - 1].samples.isEmpty else {
                    throw Broken(description: "metadata after samples: \(line)")
                }
                switch parts[0] {
                case "TYPE": families[families.count - 1].kind = String(parts[2])
                case "HELP": families[families.count - 1].help = try unescape(parts[2], quotes: isOpenMetrics)
                case "UNIT" where isOpenMetrics: families[families.count - 1].unit = String(parts[2])
                default: throw Broken(description: "unknown: \(line)")
                }
                continue
            }
            let sample = try sample(line)
            guard let family = families.last, sampleNames(of: family).contains(sample.name) else {
                throw Broken(description: "\(sample.name) stands in no family of its own")
            }
            families[families.count - 1].samples.append(sample)
        }
        for family in families { try check(family) }
        return families
    }

    private func sampleNames(of family: Family) -> [String] {
        switch family.kind {
        case "counter": [isOpenMetrics ? family.name + "_total" : family.name]
        case "histogram": ["_bucket", "_sum", "_count"].map { family.name + $0 }
        default: [family.name]
        }
    }

    private func check(_ family: Family) throws {
        guard family.name.wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil else {
            throw Broken(description: "\(family.name) is no name")
        }
        if isOpenMetrics, family.kind == "counter", family.name.hasSuffix("_total") {
            throw Broken(description: "the type of \(family.name) has the suffix of its samples")
        }
        if let unit = family.unit, !family.name.hasSuffix("_" + unit) {
            throw Broken(description: "\(family.name) does not end with \(unit)")
        }
        var seen: Set<[String: String]> = []
        if family.kind != "histogram" {
            for sample in family.samples where !seen.insert(sample.labels).inserted {
                throw Broken(description: "\(family.name) has \(sample.labels) twice")
            }
            return
        }
        var groups: [[String: String]: [Sample]] = [:]
        for sample in family.samples {
            var labels = sample.labels
            labels["le"] = nil
            groups[labels, default: []].append(sample)
        }
        for (labels, samples) in groups {
            let buckets = samples.filter { $0.name.hasSuffix("_bucket") }
            let bounds = buckets.map { number($0.labels["le"] ?? "") ?? .nan }
            guard bounds == bounds.sorted(), bounds.last == .infinity, Set(bounds).count == bounds.count else {
                throw Broken(description: "\(family.name)\(labels) has the bounds \(bounds)")
            }
            guard buckets.map(\.value) == buckets.map(\.value).sorted() else {
                throw Broken(description: "\(family.name)\(labels) has buckets that shrink")
            }
            guard samples.first(where: { $0.name.hasSuffix("_count") })?.value == buckets.last?.value else {
                throw Broken(description: "\(family.name)\(labels): +Inf is not the count")
            }
            guard samples.count == buckets.count + 2 else {
                throw Broken(description: "\(family.name)\(labels) lacks a sum or a count")
            }
        }
    }

    private func sample(_ line: Substring) throws -> Sample {
        guard let match = line.prefixMatch(of: /([a-zA-Z_:][a-zA-Z0-9_:]*)/) else {
            throw Broken(description: "no name: \(line)")
        }
        var rest = line[match.range.upperBound...]
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                guard let start = rest.prefixMatch(of: /([a-zA-Z_][a-zA-Z0-9_]*)="/) else {
                    throw Broken(description: "no label: \(rest)")
                }
                rest = rest[start.range.upperBound...]
                guard let value = rest.prefixMatch(of: /((?:[^\\"]|\\.)*)"/) else {
                    throw Broken(description: "no end of a label: \(rest)")
                }
                guard labels.updateValue(try unescape(value.1, quotes: true), forKey: String(start.1)) == nil else {
                    throw Broken(description: "a label comes twice: \(line)")
                }
                rest = rest[value.range.upperBound...]
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.first == " ", let value = number(String(rest.dropFirst())) else {
            throw Broken(description: "no value: \(line)")
        }
        return Sample(name: String(match.1), labels: labels, value: value)
    }

    private func number(_ text: String) -> Double? {
        switch text {
        case "NaN": .nan
        case "+Inf": .infinity
        case "-Inf": -.infinity
        default: text.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?/) == nil ? nil : Double(text)
        }
    }

    private func unescape(_ text: Substring, quotes: Bool) throws -> String {
        var result = ""
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                switch scalar {
                case "n": result += "\n"
                case "\\": result += "\\"
                case "\"" where quotes: result += "\""
                default: throw Broken(description: "the escape \(scalar) is unknown")
                }
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        if isEscaped { throw Broken(description: "an escape is cut off") }
        return result
    }
}
