/// The connectors of a process, as it tells the other processes of its worker: in its client id, which the group shows to all members.
///
/// `;orders=1f3a09c2;archive=` follows the process's name. No name of a process or a connector has these characters in it.
package struct AnnouncedConnectors: Hashable, Sendable {
    /// The digests of the settings by the connectors' names; `nil` for settings that come from no file.
    var digests: [String: String?]

    /// A client id is part of many requests.
    private static let longest = 8_000

    package init(_ connectors: [ConfiguredConnector]) {
        digests = Dictionary(connectors.map { ($0.name, $0.digest?.description) }) { $1 }
    }

    /// - Parameter text: a text as ``text`` returns it; `nil` for anything else.
    package init?(_ text: Substring) {
        guard text.first == ";" else { return nil }
        digests = [:]
        for part in text.dropFirst().split(separator: ";") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else { return nil }
            digests[String(pair[0])] = .some(pair[1].isEmpty ? nil : String(pair[1]))
        }
    }

    /// The text for the client id; empty if it would be too long for one.
    package var text: String {
        let parts = digests.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value ?? "")" }
        let text = ";" + parts.joined(separator: ";")
        return text.utf8.count > Self.longest ? "" : text
    }

    // MARK: Differences

    /// Returns a sentence for each connector that some processes lack, and for each that some have with other settings, in the order of the
    /// names. All processes find the same ones. Those of which nothing is known count for nothing.
    package static func differences(of processes: [(name: String, connectors: AnnouncedConnectors)]) -> [String] {
        let processes = processes.sorted { $0.name < $1.name }
        return Set(processes.flatMap(\.connectors.digests.keys)).sorted().flatMap { connector in
            var (lacking, byDigest): ([String], [String: [String]]) = ([], [:])
            for process in processes {
                switch process.connectors.digests[connector] {
                case nil: lacking.append(process.name)
                case .some(nil): break
                case .some(.some(let digest)): byDigest[digest, default: []].append(process.name)
                }
            }
            var sentences: [String] = []
            if !lacking.isEmpty {
                sentences.append(
                    "the connector \(connector) is missing in the configuration of \(list(lacking)): the other processes do its work"
                )
            }
            if byDigest.count > 1 {
                let groups = byDigest.values.map(list).sorted().joined(separator: ", others in ")
                sentences.append(
                    "the connector \(connector) has some settings in \(groups): each process works by its own")
            }
            return sentences
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(3).joined(separator: " and ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
