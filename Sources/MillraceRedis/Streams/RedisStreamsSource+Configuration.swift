extension RedisStreamsSource {
    /// The settings of a source of streams.
    public struct Configuration: Sendable, Hashable {
        /// The beginning of a stream that has no position yet.
        public enum Start: String, Sendable, Hashable, CaseIterable {
            /// The first entry that the stream has.
            case first
            /// The entries that are added from now on.
            case end
            /// The place of the consumer group: first what its dead consumers have not acknowledged, then what it was not given yet.
            case group
        }

        /// The key of a record.
        public enum Key: Sendable, Hashable {
            /// No key.
            case none
            /// The entry's id.
            case id
            /// The bytes of a field; no key if the entry lacks it.
            case field(String)
        }

        /// The value of a record.
        public enum Value: Sendable, Hashable {
            /// A JSON object of the entry's fields, each a text. A field that is not UTF-8 becomes `{"$base64": "…"}`, and a field that an
            /// entry has several times an array.
            case fields
            /// The bytes of a field; a tombstone if the entry lacks it.
            case field(String)
        }

        /// The consequence of entries that were trimmed before they were read, and of a stream that is not the same any more.
        public enum Loss: String, Sendable, Hashable, CaseIterable {
            /// The reading stops with an error.
            case stop
            /// The reading goes on with what there is. The loss is counted, and the next record has it in a header.
            case goOn = "continue"
        }

        /// The server.
        public var server = RedisServerSettings()
        /// The topic of each stream, by the stream's key in Redis.
        public var topics: [String: String]
        /// The beginning of a stream that has no position yet; `first` by default.
        public var start = Start.first
        /// The key of a record; the entry's id by default.
        public var key = Key.id
        /// The value of a record; all fields by default.
        public var value = Value.fields
        /// Whether a record's timestamp is the time in the entry's id; `true` by default. Ids that are not times need `false`: a
        /// topic would delete what seems to be of 1970.
        public var usesEntryTimes = true
        /// The consequence of a loss; `stop` by default.
        public var loss = Loss.stop
        /// The consumer group that shows in Redis how far the reading is; `nil`, the default, for none. The position in Kafka decides.
        public var group: String?
        /// The name of the consumer in the group; "millrace" by default.
        public var consumer = "millrace"
        /// The time without a sign of life after which a consumer of the group is dead; 60 s by default.
        public var deadAfter: Duration = .seconds(60)
        /// The size that the entries of one answer should have at most; 4 MiB by default, at least 64 KiB. An entry can be larger.
        public var readSizeInBytes = 4 << 20

        /// Makes settings.
        ///
        /// - Parameter topics: the topic of each stream, by the stream's key in Redis.
        public init(topics: [String: String]) { self.topics = topics }

        /// The problems of the settings, each a sentence; empty if there are none.
        public func problems() -> [String] {
            var problems = server.problems()
            if topics.isEmpty { problems.append("no stream is named") }
            for (stream, topic) in topics.sorted(by: { $0.key < $1.key }) where stream.isEmpty || topic.isEmpty {
                problems.append("the stream \"\(stream)\" and the topic \"\(topic)\" need names")
            }
            if start == .group, group == nil { problems.append("to start at the place of a group, name the group") }
            if group == "" || consumer.isEmpty { problems.append("the group and the consumer need names") }
            if deadAfter < .seconds(1) {
                problems.append("consumers need at least 1 s without a sign of life to be dead")
            }
            if readSizeInBytes < 64 << 10 { problems.append("answers need at least 64 KiB (65536)") }
            return problems
        }
    }
}
