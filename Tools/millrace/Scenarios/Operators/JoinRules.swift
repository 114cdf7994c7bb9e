import Millrace
import MillraceTesting

/// The rules for the results of a join of streams that hold whatever the order of both sides. Values are written `left & right`,
/// with `none` for a missing side.
struct JoinRules {
    private let results: SimulatedResults
    private let withinMs: Int64
    private var inputs: [String: SimulatedRecord] = [:]

    init(_ results: SimulatedResults, withinMs: Int64) {
        self.results = results
        self.withinMs = withinMs
        for input in results.inputs { inputs[input.value.map { String(decoding: $0, as: UTF8.self) } ?? "-"] = input }
    }

    func problems(in topic: String, keepsRight: Bool) -> [String] {
        var problems: [String] = []
        var withResult: Set<String> = []
        for (key, values) in results.texts(of: topic) {
            var seen: Set<String> = []
            var joined: Set<String> = []
            var single: Set<String> = []
            for value in values {
                if !seen.insert(value).inserted { problems.append("\(topic): \(value) came twice") }
                let sides = value.components(separatedBy: " & ")
                guard sides.count == 2, sides != ["none", "none"] else {
                    problems.append("\(topic): \(value) is no result")
                    continue
                }
                withResult.formUnion(sides)
                if sides.contains("none") {
                    single.insert(sides[0] == "none" ? sides[1] : sides[0])
                } else {
                    joined.formUnion(sides)
                    problems += problem(with: sides, key: key, in: topic)
                }
            }
            for value in single.intersection(joined).sorted() {
                problems.append("\(topic): \(value) has both a match and a result without one")
            }
        }
        for (value, input) in inputs where input.topic == "left" || keepsRight {
            if value != "end", !withResult.contains(value) { problems.append("\(topic): \(value) has no result") }
        }
        return problems
    }

    private func problem(with sides: [String], key: String, in topic: String) -> [String] {
        guard let left = inputs[sides[0]], let right = inputs[sides[1]] else {
            return ["\(topic): \(sides) was never written"]
        }
        if left.topic != "left" || right.topic != "right" || left.key != right.key || left.key != Array(key.utf8) {
            return ["\(topic): \(sides) are no pair"]
        }
        let (earlier, later) = (min(left.timestampMs, right.timestampMs), max(left.timestampMs, right.timestampMs))
        let distance = Moment(ms: later) - Moment(ms: earlier)
        if distance > TimeSpan(ms: withinMs) { return ["\(topic): \(sides) are too far apart"] }
        return []
    }
}

extension String {
    /// Returns the parts between separators, like Foundation's method of the same name.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let place = rest.firstRange(of: separator) {
            parts.append(String(rest[..<place.lowerBound]))
            rest = rest[place.upperBound...]
        }
        return parts + [String(rest)]
    }
}
