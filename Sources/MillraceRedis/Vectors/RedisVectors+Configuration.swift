extension RedisVectors {
    /// The settings of a mirror of embeddings.
    public struct Configuration: Sendable, Hashable {
        /// The place of the vector in a record.
        public enum Vector: Sendable, Hashable {
            /// A member of the value, which is a JSON object: an array of numbers, its text such as `"[1,2]"`, as pgvector writes it, or
            /// `{"$base64": "…"}` with FLOAT32 in little-endian order. The other members become fields of the hash.
            case member(String)
            /// The value's bytes: FLOAT32 in little-endian order.
            case bytes
        }

        /// The version of an embedding.
        public enum Version: Sendable, Hashable {
            /// The record's offset.
            case offset
            /// A member of the value, a whole number. Dots lead into objects, as in `metadata.version`.
            case member(String)
        }

        /// The end of a hash.
        public enum Expiry: Sendable, Hashable {
            /// No end but a tombstone.
            case never
            /// A time after the hash was written.
            case after(Duration)
            /// The time in a member of the value, milliseconds since 1 January 1970, UTC. Dots lead into objects. A record without it
            /// never expires.
            case member(String)
        }

        /// The measure of an index.
        public enum Metric: String, Sendable, Hashable, CaseIterable {
            /// The cosine of the angle.
            case cosine
            /// The Euclidean distance.
            case euclidean
            /// The scalar product.
            case product
        }

        /// The type of a field in the index.
        public enum Attribute: String, Sendable, Hashable, CaseIterable {
            /// A word that is compared as a whole.
            case tag
            /// A number.
            case number
            /// A text in which words are found. valkey-search does not have it.
            case text
        }

        /// The server.
        public var server = RedisServerSettings()
        /// The name under which Redis keeps the offsets.
        public var name: String
        /// The topics, whose keys name the embeddings.
        public var topics: [String]
        /// The form in which Redis has embeddings.
        public var layout = RedisVectorLayout()
        /// The namespace of the embeddings; the empty one by default. Another one needs a layout with namespaces.
        public var namespace = ""
        /// The member of the record's key, a JSON object, that is the name of the embedding, as for rows of the source of PostgreSQL; the
        /// whole key, `nil`, by default.
        public var keyMember: String?
        /// The place of the vector in a record; the member `embedding` by default.
        public var vector = Vector.member("embedding")
        /// The version of an embedding; the record's offset by default.
        public var version = Version.offset
        /// The end of a hash; never by default.
        public var expiry = Expiry.never
        /// The number of components. Other vectors are refused.
        public var dimension: Int
        /// The name of the index; "embeddings" by default, `nil` for none, which needs no module.
        public var index: String? = "embeddings"
        /// The measure of the index; the cosine by default.
        public var metric = Metric.cosine
        /// The fields of the index beside the vector; none by default.
        public var attributes: [String: Attribute] = [:]
        /// The number of links of an entry in the index (`M`); 16 by default.
        public var links = 16
        /// The effort of building the index (`EF_CONSTRUCTION`); 200 by default.
        public var buildEffort = 200

        /// Makes settings.
        ///
        /// - Parameters:
        ///   - name: the name under which Redis keeps the offsets.
        ///   - topics: the topics, whose keys name the embeddings.
        ///   - dimension: the number of components.
        public init(name: String, topics: [String], dimension: Int) {
            self.name = name
            self.topics = topics
            self.dimension = dimension
        }

        /// The keys of the offsets without topic and partition.
        var offsetsPrefix: String { "millrace:\(name):" }

        /// The problems of the settings, each a sentence; empty if there are none.
        public func problems() -> [String] {
            var problems = server.problems()
            if name.isEmpty { problems.append("the sink needs a name, under which Redis keeps the offsets") }
            if topics.isEmpty || topics.contains("") { problems.append("the topics need names") }
            if !(1...32_768).contains(dimension) {
                problems.append("the vectors have \(dimension) components; it must be 1 to 32768")
            }
            if index == "" { problems.append("the index needs a name") }
            if layout.prefix.isEmpty { problems.append("the hashes need a prefix") }
            if !layout.prefix.isEmpty, offsetsPrefix.hasPrefix(layout.prefix) || layout.prefix.hasPrefix(offsetsPrefix)
            {
                problems.append("the prefix \"\(layout.prefix)\" is one of the keys of the offsets, \(offsetsPrefix)")
            }
            if !layout.hasNamespaces, !namespace.isEmpty {
                problems.append("a namespace needs a layout with namespaces")
            }
            if keyMember == "" { problems.append("the member of the key needs a name") }
            if layout.vectorField.isEmpty || layout.versionField.isEmpty || layout.vectorField == layout.versionField {
                problems.append("the vector and the version need different fields")
            }
            if case .bytes = vector {
                if case .member = version { problems.append("a value of bytes has no member with a version") }
                if case .member = expiry { problems.append("a value of bytes has no member with a time") }
                if !attributes.isEmpty { problems.append("a value of bytes has no attributes") }
            }
            if case .after(let time) = expiry, time < .milliseconds(1) || time > .seconds(3_153_600_000) {
                problems.append("hashes must live for 1 ms or more, and 100 years at most")
            }
            if !(2...512).contains(links) { problems.append("an entry of the index needs 2 to 512 links") }
            if !(1...4_096).contains(buildEffort) { problems.append("the effort of building is 1 to 4096") }
            return problems
        }
    }
}
