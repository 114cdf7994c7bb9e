/// Reads server-sent events from their lines.
struct ServerSentEvents {
    struct Event: Hashable {
        var name = "message"
        var id: String?
        var data = ""
    }

    private var event = Event()
    private var hasData = false

    /// Takes a line; returns the event that an empty line ends.
    mutating func take(_ line: String) -> Event? {
        let line = line.hasSuffix("\r") ? line.dropLast() : line[...]
        guard !line.isEmpty else {
            defer { (event, hasData) = (Event(), false) }
            return hasData ? event : nil
        }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count > 1 ? parts[1] : ""
        if value.first == " " { value.removeFirst() }
        switch parts[0] {
        case "event": event.name = String(value)
        case "id": event.id = String(value)
        case "data":
            event.data += (hasData ? " " : "") + value
            hasData = true
        default: break
        }
        return nil
    }
}
