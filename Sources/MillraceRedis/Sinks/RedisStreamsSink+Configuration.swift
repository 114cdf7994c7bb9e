extension RedisStreamsSink {
    /// The settings of a sink of streams.
    public struct Configuration: Sendable, Hashable {
        /// The fields of an entry.
        public enum Entry: Sendable, Hashable {
            /// One field for the value, and one for the key. A record that has neither is refused.
            case value(field: String)
            /// The members of the value, which is a JSON object: texts, numbers, and true or false as text, others as JSON, and
            /// `{"$base64": "…"}` as bytes. Null is left out. Another value is refused.
            case fields
        }

        /// The bound of a stream. Entries may be removed before anybody has read them.
        public enum Bound: Sendable, Hashable {
            /// No bound: the stream grows until Redis has no memory left.
            case none
            /// A number of entries (MAXLEN).
            case count(Int)
            /// An age, by the ids' times and this process' clock (MINID).
            case age(Duration)
        }

        /// The server.
        public var server = RedisServerSettings()
        /// The name under which Redis keeps the offsets. Two sinks of the same topics need two names.
        public var name: String
        /// The key of the stream for each topic. Several topics may have the same one.
        public var streams: [String: String]
        /// The fields of an entry; the value as the field `value` by default.
        public var entry = Entry.value(field: "value")
        /// The field for the key; "key" by default, `nil` for none.
        public var keyField: String? = "key"
        /// The bound of each stream; 1,000,000 entries by default.
        public var bound = Bound.count(1_000_000)
        /// Whether the bound is kept exactly, and not only to the next hundred entries or so, which is much less work; `false` by
        /// default.
        public var isExact = false

        /// Makes settings.
        ///
        /// - Parameters:
        ///   - name: the name under which Redis keeps the offsets.
        ///   - streams: the key of the stream for each topic.
        public init(name: String, streams: [String: String]) {
            self.name = name
            self.streams = streams
        }

        /// The keys of the offsets without topic and partition.
        var offsetsPrefix: String { "millrace:\(name):" }

        /// The problems of the settings, each a sentence; empty if there are none.
        public func problems() -> [String] {
            var problems = server.problems()
            if name.isEmpty { problems.append("the sink needs a name, under which Redis keeps the offsets") }
            if streams.isEmpty { problems.append("no topic is named") }
            for (topic, stream) in streams.sorted(by: { $0.key < $1.key }) where topic.isEmpty || stream.isEmpty {
                problems.append("the topic \"\(topic)\" and the stream \"\(stream)\" need names")
            }
            if case .value(let field) = entry, field == keyField {
                problems.append("the key and the value need different fields")
            }
            switch bound {
            case .none: break
            case .count(let count): if count < 1 { problems.append("a stream needs room for at least 1 entry") }
            case .age(let age): if age <= .zero { problems.append("the age of entries must be more than nothing") }
            }
            return problems
        }
    }
}
