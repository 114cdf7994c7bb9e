import Foundation

/// The lines of JSON that an agent's process writes.
enum AgentLine: Codable {
    /// The agent is running; its server has this port.
    case ready(port: Int)
    case figures(AgentFigures)
    /// What the agent sees of each row.
    case rows([String: AgentView])

    func write() {
        guard let data = try? JSONEncoder().encode(self) else { return }
        FileHandle.standardOutput.write(data + Data("\n".utf8))
    }
}

/// The figures of an agent so far.
struct AgentFigures: Codable {
    var decisions = 0
    var failures = 0
    var p50 = Duration.zero
    var p99 = Duration.zero
    var hits = 0
    var misses = 0
    var rows = 0
}

/// What an agent sees of a row.
struct AgentView: Codable {
    /// The row in the global table; `nil` if there is none.
    var table: Fingerprint?
    /// The embedding in memory; `nil` if there is none.
    var cache: Fingerprint?
}
