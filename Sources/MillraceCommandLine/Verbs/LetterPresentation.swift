import KafkaClient
import Millrace
import MillraceOperations

/// Shows dead letters, their keys and values by the serdes of the topics that they came from.
struct LetterPresentation {
    private let topologies: [(topology: Topology, applicationID: String?)]

    init(_ topologies: [(topology: Topology, applicationID: String?)]) { self.topologies = topologies }

    static let titles = ["ID", "TIME", "FROM", "OPERATOR", "ERROR", "STATE"]

    func row(_ letter: DeadLetter) -> [String] {
        [
            "\(letter.id)", timeText(ms: letter.record.timestampMs), source(letter), letter.operatorName ?? "-",
            oneLine(letter.message ?? letter.exception ?? "-", 72), letter.handled?.action.rawValue ?? "waits",
        ]
    }

    func json(_ letter: DeadLetter) -> JSONFragment {
        let decoder = decoder(of: letter)
        let handled: JSONFragment =
            letter.handled.map { note in
                .members(["action": .string(note.action.rawValue), "atMs": .number(note.atMs)])
            } ?? .null
        return .members([
            "id": .string("\(letter.id)"), "timestampMs": .number(letter.record.timestampMs),
            "key": decoder.keyJSON(letter.record.key), "value": decoder.valueJSON(letter.record.value),
            "headers": .array(
                letter.ownHeaders.map { .members(["name": .string($0.name), "value": .bytes($0.value)]) }),
            "source": .members([
                "topic": .optional(letter.source?.topic),
                "partition": .optional(letter.source.map { Int64($0.partition) }),
                "offset": .optional(letter.sourceOffset),
            ]),
            "error": .members([
                "exception": .optional(letter.exception), "message": .optional(letter.message),
                "operator": .optional(letter.operatorName), "stack": .optional(letter.stack),
            ]), "handled": handled,
        ])
    }

    func text(_ letter: DeadLetter) -> String {
        let decoder = decoder(of: letter)
        var lines = [
            "id        \(letter.id)", "time      \(timeText(ms: letter.record.timestampMs))",
            "from      \(source(letter).printable)", "operator  \(letter.operatorName?.printable ?? "-")",
            "key       \(decoder.keyJSON(letter.record.key).text)",
            "value     \(decoder.valueJSON(letter.record.value).text)",
        ]
        for header in letter.ownHeaders {
            lines.append("header    \(header.name.printable): \(JSONFragment.bytes(header.value).text)")
        }
        if let note = letter.handled { lines.append("state     \(note.action.rawValue) at \(timeText(ms: note.atMs))") }
        lines.append("error     \(letter.exception?.printable ?? "-")")
        lines.append("          \(letter.message?.printable ?? "-")")
        if let stack = letter.stack {
            lines += stack.split(whereSeparator: \.isNewline).map { "          \($0.printable)" }
        }
        return lines.joined(separator: "\n")
    }

    private func source(_ letter: DeadLetter) -> String {
        guard let source = letter.source else { return "-" }
        return "\(source)@\(letter.sourceOffset.map { "\($0)" } ?? "?")"
    }

    private func decoder(of letter: DeadLetter) -> TopicDecoder {
        guard let topic = letter.source?.topic else { return .plain }
        return topologies.lazy
            .compactMap { TopicDecoder(topic, of: $0.topology, applicationID: $0.applicationID) }.first ?? .plain
    }
}
