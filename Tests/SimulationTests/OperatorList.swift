import Foundation
import Scenarios
import Testing

/// The operators, as calls of the DSL.
enum OperatorList {
    /// The calls that keep no state. Add a new call here if it keeps none; otherwise add an operator to `StatefulOperator.all`,
    /// so that it is simulated and restarted.
    static let stateless: Set<String> = [
        "BranchedKStream.branch", "BranchedKStream.defaultBranch", "CogroupedKStream.cogroup",
        "CogroupedKStream.windowedBy", "KGroupedStream.cogroup", "KGroupedStream.windowedBy", "KStream.filter",
        "KStream.filterNot", "KStream.flatMap", "KStream.flatMapValues", "KStream.foreach", "KStream.groupBy",
        "KStream.groupByKey", "KStream.map", "KStream.mapRecordValues", "KStream.mapValues", "KStream.merge(KStream)",
        "KStream.peek", "KStream.print", "KStream.repartition", "KStream.selectKey", "KStream.split", "KStream.to",
        "KTable.groupBy", "KTable.toStream", "StreamsBuilder.addSink", "StreamsBuilder.addSource",
        "StreamsBuilder.build", "StreamsBuilder.stream",
    ]

    static var stateful: Set<String> { Set(StatefulOperator.all.flatMap(\.calls)) }

    /// The public methods of streams, tables and the builder.
    static func declared() throws -> Set<String> {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Millrace")
        var calls: Set<String> = []
        for folder in ["DSL", "ProcessorAPI"] {
            let files = try #require(
                FileManager.default.enumerator(at: sources.appending(path: folder), includingPropertiesForKeys: nil))
            for case let file as URL in files where file.pathExtension == "swift" {
                calls.formUnion(self.calls(in: try String(contentsOf: file, encoding: .utf8)))
            }
        }
        return calls
    }

    private static func calls(in source: String) -> [String] {
        var calls: [String] = []
        var type: Substring = ""
        var lines = source.split(separator: "\n")[...]
        while let line = lines.popFirst() {
            if let found = line.firstMatch(of: /^(?:public )?(?:extension|struct|final class) (\w+)/) { type = found.1 }
            guard let name = line.firstMatch(of: /^    public func (\w+)/)?.1,
                type.contains(/KStream|KTable|KGrouped|StreamsBuilder/)
            else { continue }
            var signature = String(line)
            while !signature.hasSuffix("{"), let more = lines.popFirst() { signature += more }
            var call = "\(type).\(name)"
            if let other = signature.firstMatch(of: /\(\s*_ \w+: (KStream|KTable|GlobalKTable)\b/)?.1 {
                call += signature.contains(/[ ,(]on \w+: @/) ? "(\(other), on)" : "(\(other))"
            }
            calls.append(call)
        }
        return calls
    }
}
