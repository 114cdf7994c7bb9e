import Foundation
import Testing

/// The closures that the public methods take and that may throw, as the sources declare them.
///
/// The name of one consists of its type and method, for joins also the other side, its parameter's name and its own parameters,
/// as in `KTable.join(KTable, on).foreignKey(Key, Value)`.
enum DeclaredClosures {
    static func all() throws -> Set<String> {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/Millrace")
        var closures: Set<String> = []
        for folder in ["DSL", "ProcessorAPI", "Serdes", "Time"] {
            let files = try #require(
                FileManager.default.enumerator(at: sources.appending(path: folder), includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                closures.formUnion(Self.closures(in: try String(contentsOf: file, encoding: .utf8)))
            }
        }
        return closures
    }

    private static func closures(in source: String) -> [String] {
        var closures: [String] = []
        var type: Substring = ""
        var rest = source[...]
        while let end = rest.firstIndex(of: "\n") {
            let line = rest[..<end]
            if let found = line.firstMatch(of: /^(?:public )?(?:extension|struct|final class|enum) (\w+)/) {
                type = found.1
            }
            if let found = line.firstMatch(of: /^    public (?:static )?(?:func )?(\w+)[<(]/) {
                let parameters = parameters(of: rest)
                closures += parameters.compactMap { closure($0, of: "\(type).\(call(found.1, parameters))") }
            }
            rest = rest[rest.index(after: end)...]
        }
        return closures
    }

    /// A method's name, for joins with the other side.
    private static func call(_ name: Substring, _ parameters: [Substring]) -> String {
        guard let other = parameters.first?.firstMatch(of: /^\s*_ \w+: (KStream|KTable|GlobalKTable)\b/)?.1 else {
            return String(name)
        }
        return parameters.contains { $0.contains(/^\s*on \w+: @/) } ? "\(name)(\(other), on)" : "\(name)(\(other))"
    }

    private static func closure(_ parameter: Substring, of call: String) -> String? {
        guard let (_, name, declared) = parameter.firstMatch(of: /(\w+):\s+(.*)/.dotMatchesNewlines())?.output else {
            return nil
        }
        let type = declared.split(separator: " = ", maxSplits: 1)[0]
        if type.contains(/ValueTransformerMaker|StreamPartitioner|KeyPartitioner/) { return "\(call).\(name)" }
        guard let found = type.firstMatch(of: /\(([^()]*)\)\s+throws ->/)?.1 else { return nil }
        let types = found.replacing(#/\w+ \w+: /#, with: "").replacing(/\s+/, with: " ")
        return "\(call).\(name)(\(types))"
    }

    /// The parameters of the function at the beginning of a text.
    private static func parameters(of text: Substring) -> [Substring] {
        var parameters: [Substring] = []
        var start: Substring.Index?
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "(" where start == nil:
                start = text.index(after: index)
                depth = 1
            case _ where start == nil: continue
            case ">" where text[text.index(before: index)] == "-": continue
            case "(", "[", "{", "<": depth += 1
            case ")", "]", "}", ">":
                depth -= 1
                guard depth == 0, let start else { continue }
                return parameters + [text[start..<index]]
            case "," where depth == 1:
                if let begun = start { parameters.append(text[begun..<index]) }
                start = text.index(after: index)
            default: continue
            }
        }
        return parameters
    }
}
