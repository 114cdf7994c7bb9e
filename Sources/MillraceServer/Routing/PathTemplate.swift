/// The path of a route, taken apart: segments that have to be equal, and segments that are parameters.
struct PathTemplate: Sendable {
    private enum Segment: Sendable {
        case literal(String)
        case parameter(String)
    }

    private let segments: [Segment]

    init(_ route: Route) {
        segments = route.segments.map { segment in
            segment.first == "{" ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
    }

    /// Returns the segments of a path, which begins with a slash.
    static func segments(of path: Substring) -> [Substring] {
        var segments: [Substring] = []
        var start = path.startIndex
        while start < path.endIndex {
            start = path.utf8.index(after: start)
            let end = path.utf8[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
            segments.append(path[start..<end])
            start = end
        }
        return segments
    }

    /// The number of segments.
    var count: Int { segments.count }

    /// Whether a path of the same number of segments is one of the template's.
    func matches(_ path: [Substring]) -> Bool {
        for index in segments.indices {
            if case .literal(let expected) = segments[index], path[index] != expected { return false }
        }
        return true
    }

    /// Returns the bytes of the parameters of a path that matches.
    ///
    /// - Throws: `Failure` with 400 if one of them is not percent-encoded.
    func parameters(of path: [Substring]) throws(Failure) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for index in segments.indices {
            guard case .parameter(let name) = segments[index] else { continue }
            guard let bytes = PercentCoding.decode(path[index].utf8) else {
                throw .badRequest("the path is not percent-encoded", code: "path_invalid")
            }
            found[name] = bytes
        }
        return found
    }
}
