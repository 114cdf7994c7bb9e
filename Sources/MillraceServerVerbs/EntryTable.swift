import MillraceCommandLine
import MillraceOperations

/// Entries of a store as a table: the key, its window or the end of its validity if it has one, the value and its time.
struct EntryTable {
    private let entries: [JSONMembers]

    /// - Parameter entries: objects of JSON.
    init(_ entries: [String]) { self.entries = entries.compactMap(JSONMembers.init) }

    var lines: [String] {
        let hasWindows = entries.contains { $0["window"] != nil }
        let hasVersions = entries.contains { $0["validToMs"] != nil }
        let titles =
            ["KEY"] + (hasWindows ? ["START", "END"] : []) + ["VALUE", "TIME"] + (hasVersions ? ["VALID TO"] : [])
        let rows = entries.map { entry in
            let window = entry.object("window")
            let span = [Self.time(window?.integer("startMs")), Self.time(window?.integer("endMs"))]
            return [Self.line(entry["key"])] + (hasWindows ? span : [])
                + [Self.line(entry["value"]), Self.time(entry.integer("timestampMs"))]
                + (hasVersions ? [Self.time(entry.integer("validToMs"))] : [])
        }
        return table(titles, rows)
    }

    private static func line(_ json: String?) -> String { json.map { oneLine($0, 160) } ?? "-" }

    private static func time(_ ms: Int64?) -> String { ms.map { timeText(ms: $0) } ?? "-" }
}
