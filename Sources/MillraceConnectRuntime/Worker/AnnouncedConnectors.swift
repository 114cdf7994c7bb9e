import Millrace

/// The connectors of a process, as it tells the other processes of its worker: in its client id, which the group shows to all members.
///
/// `;orders=1f3a09c2;archive=` follows the process's name. No name of a process or a connector has these characters in it. If that would be
/// too long for a client id, it is `;*=77aa01d3`, one digest of all: no connector is called `*`.
package struct AnnouncedConnectors: Hashable, Sendable {
    private enum Content: Hashable {
        /// The digests of the settings by the connectors' names; `nil` for settings that come from no file.
        case each([String: String?])
        /// The digest of all connectors together.
        case all(String)
    }

    private let content: Content

    /// A client id is part of many requests.
    private static let longest = 8_000
    private static let allName = "*"

    package init(_ connectors: [ConfiguredConnector]) {
        let digests = Dictionary(connectors.map { ($0.name, $0.digest?.description) }) { $1 }
        content =
            Self.text(of: digests).utf8.count > Self.longest ? .all(Self.digestOfAll(digests)) : .each(digests)
    }

    /// - Parameter text: a text as ``text`` returns it; `nil` for anything else.
    package init?(_ text: Substring) {
        guard text.first == ";" else { return nil }
        var digests: [String: String?] = [:]
        for part in text.dropFirst().split(separator: ";") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else { return nil }
            digests[String(pair[0])] = .some(pair[1].isEmpty ? nil : String(pair[1]))
        }
        guard let digest = digests[Self.allName] else {
            content = .each(digests)
            return
        }
        guard digests.count == 1, let digest else { return nil }
        content = .all(digest)
    }

    /// The text for the client id.
    package var text: String {
        switch content {
        case .each(let digests): Self.text(of: digests)
        case .all(let digest): ";\(Self.allName)=\(digest)"
        }
    }

    private static func text(of digests: [String: String?]) -> String {
        ";" + digests.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value ?? "")" }.joined(separator: ";")
    }

    private static func digestOfAll(_ digests: [String: String?]) -> String {
        SettingsDigest([allName: .string(text(of: digests))]).description
    }

    /// The digest of all connectors, whether they are told one by one or not.
    private var digestOfAll: String {
        switch content {
        case .each(let digests): Self.digestOfAll(digests)
        case .all(let digest): digest
        }
    }

    // MARK: Differences

    /// Returns a sentence for each connector that some processes lack, and for each that some have with other settings, in the order of the
    /// names; and one if those differ that have too many connectors to tell which. All processes find the same ones. Those of which nothing
    /// is known count for nothing.
    package static func differences(of processes: [(name: String, connectors: AnnouncedConnectors)]) -> [String] {
        let processes = processes.sorted { $0.name < $1.name }
        let told = processes.compactMap { process -> (name: String, digests: [String: String?])? in
            if case .each(let digests) = process.connectors.content { (process.name, digests) } else { nil }
        }
        var sentences = Set(told.flatMap(\.digests.keys)).sorted().flatMap { differences(of: $0, in: told) }
        let byDigest = Dictionary(grouping: processes, by: \.connectors.digestOfAll)
        if told.count < processes.count, byDigest.count > 1 {
            let groups = byDigest.values.map { list($0.map(\.name)) }.sorted()
            sentences.append(
                "the connectors of \(groups[0]) differ from those of \(groups.dropFirst().joined(separator: ", and from those of ")): they are too many to tell which, and each process works by its own"
            )
        }
        return sentences
    }

    private static func differences(
        of connector: String, in processes: [(name: String, digests: [String: String?])]
    ) -> [String] {
        var (lacking, byDigest): ([String], [String: [String]]) = ([], [:])
        for process in processes {
            switch process.digests[connector] {
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
            sentences.append("the connector \(connector) has some settings in \(groups): each process works by its own")
        }
        return sentences
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(3).joined(separator: " and ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
