package import Millrace

/// Shows the records of a topic of a topology by their serdes: those of its sources and sinks, and of its internal topics.
package struct TopicDecoder: Sendable {
    /// The bytes that follow the key's own.
    private enum Suffix: Sendable {
        case none
        /// A window's start and a number.
        case window
        /// A session's end and start.
        case session
    }

    /// The kind of the topic, in words.
    package let role: String
    /// The name of the store whose changelog it is; nil for other topics.
    package let store: String?
    private let key: AnySerde?
    private let value: AnySerde?
    private let suffix: Suffix

    private init(role: String, _ serdes: StoreSerdes?, store: String? = nil, suffix: Suffix = .none) {
        self.role = role
        self.store = store
        self.suffix = suffix
        key = serdes?.key
        value = serdes?.value
    }

    /// A topic of which nothing is known.
    package static let plain = TopicDecoder(role: "no topic of the topology", nil)

    private init(changelogOf plan: StorePlan) {
        var suffix = Suffix.none
        var serdes = plan.serdes
        switch plan.kind.access {
        case .ordered(let keys):
            switch keys.time {
            case .window: suffix = .window
            case .session: suffix = .session
            case .none, .version: break
            }
        case .buffered, .custom: serdes = nil
        case .hashed, .versioned: break
        }
        self.init(role: "the changelog of store \(plan.name)", serdes, store: plan.name, suffix: suffix)
    }

    /// Returns the decoder of a topic; nil if the topology has none of this name.
    ///
    /// - Parameter applicationID: the application; nil to take any internal topic whose name ends as one of the topology's.
    package init?(_ topic: String, of topology: Topology, applicationID: String?) {
        func isIt(_ name: TopicName) -> Bool {
            guard let applicationID else {
                if case .internal(let name) = name { return topic.hasSuffix("-\(name)") }
                return topic == name.name
            }
            return topic == name.resolved(applicationID: applicationID)
        }
        let stores = topology.subtopologies.flatMap(\.stores)
        if let plan = stores.first(where: { plan in
            guard let changelog = plan.changelogTopic, case .internal = changelog else { return false }
            return isIt(changelog)
        }) {
            self.init(changelogOf: plan)
            return
        }
        for node in topology.nodes {
            switch node.kind {
            case .source(let source):
                guard source.topics.contains(where: isIt) || (source.pattern?.matches(topic) ?? false) else { continue }
                let isInternal = source.topics.contains { if case .internal = $0 { true } else { false } }
                self.init(role: "\(isInternal ? "the repartition topic" : "the input") of \(node.name)", source.serdes)
                return
            case .sink(let sink):
                guard let target = sink.topic, isIt(target) else { continue }
                self.init(role: "the output of \(node.name)", sink.serdes)
                return
            case .processor: continue
            }
        }
        return nil
    }

    /// The changelog of a store, by its name.
    package init?(store name: String, of topology: Topology) {
        guard let plan = topology.subtopologies.flatMap(\.stores).first(where: { $0.name == name }) else { return nil }
        self.init(changelogOf: plan)
    }

    package func keyJSON(_ bytes: [UInt8]?) -> JSONFragment {
        guard let bytes else { return .null }
        guard let key, let own = ownKey(bytes) else { return .bytes(bytes) }
        let json = JSONFragment.raw(key.json(of: own))
        switch suffix {
        case .none: return json
        case .window: return .members(["key": json, "startMs": .number(Self.number(bytes, at: own.count))])
        case .session:
            let (end, start) = (Self.number(bytes, at: own.count), Self.number(bytes, at: own.count + 8))
            return .members(["key": json, "startMs": .number(start), "endMs": .number(end)])
        }
    }

    package func valueJSON(_ bytes: [UInt8]?) -> JSONFragment {
        guard let bytes else { return .null }
        return value.map { .raw($0.json(of: bytes)) } ?? .bytes(bytes)
    }

    /// Whether a record's key, without its window, is the one that somebody has typed.
    package func isKey(_ bytes: [UInt8]?, typed: String) -> Bool {
        guard let bytes else { return false }
        guard let key, let own = ownKey(bytes) else { return bytes == Array(typed.utf8) }
        if (try? key.bytes(from: typed)) == own { return true }
        // A key that is typed as bytes, or in its JSON form.
        return key.json(of: own) == typed || key.json(of: own) == "\"\(typed)\""
    }

    /// Returns the bytes of a key as somebody typed it, in the text form of the serde or as `0x…`; nil if they are none.
    func keyBytes(typed: String) -> [UInt8]? {
        guard let key else { return Array(typed.utf8) }
        return try? key.bytes(from: typed)
    }

    /// Whether the decoder knows the topic's serdes.
    package var isReadable: Bool { key != nil && value != nil }

    private func ownKey(_ bytes: [UInt8]) -> [UInt8]? {
        let count =
            switch suffix {
            case .none: 0
            case .window: 12
            case .session: 16
            }
        return bytes.count >= count ? Array(bytes.dropLast(count)) : nil
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> Int64 {
        bytes[start..<start + 8].reduce(0) { $0 << 8 | Int64($1) }
    }
}
