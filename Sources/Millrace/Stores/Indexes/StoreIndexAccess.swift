/// The access to a kind of index for code that knows neither the kind nor the types of the store: a server, a console, metrics.
///
/// A library that brings a kind of index gives one to its ``StoreIndexSupplier``. Its indexes then have figures, and any instance searches
/// them over HTTP, merged over all instances.
public protocol StoreIndexAccess<Value>: Sendable {
    /// The type of the store's values.
    associatedtype Value
    /// The type of the index's views.
    associatedtype View: Sendable
    /// The kind's part of a request, as clients send it and as instances pass it on in JSON. It can be decoded from an object without
    /// members. Its decoding throws ``StoreIndexRequestProblem`` for what it refuses.
    associatedtype Search: Codable & Sendable

    /// The properties of the declaration, such as the number of dimensions.
    var properties: [StoreIndexProperty] { get }

    /// The names of the members of a request in JSON that belong to ``Search``. `key` and `count` are taken.
    var searchMembers: [String] { get }

    /// Returns the figures of a partition. It should take microseconds.
    func figures(of view: View) -> StoreIndexFigures

    /// Returns the search for entries that are like a value.
    ///
    /// - Throws: ``StoreIndexRequestProblem`` if there is no such search.
    func example(of value: Value) throws -> Search

    /// Returns a search with the example that another one has.
    ///
    /// - Parameters:
    ///   - search: a search without an example.
    ///   - example: a search that ``example(of:)`` has made.
    /// - Throws: ``StoreIndexRequestProblem`` if the search has an example already.
    func search(_ search: Search, like example: Search) throws -> Search

    /// Checks that a search can be made.
    ///
    /// - Throws: ``StoreIndexRequestProblem`` if it cannot.
    func check(_ search: Search) throws

    /// Searches the partitions of an index.
    ///
    /// - Parameters:
    ///   - search: a search that was checked.
    ///   - count: how many entries at most.
    ///   - index: the index, with the bytes of the store's keys.
    /// - Throws: ``StoreIndexRequestProblem``; `StreamsError` as every read of an index.
    func matches(
        of search: Search, count: Int, in index: QueryableIndex<[UInt8], Value, View>
    ) throws -> StoreIndexMatches
}

/// The reason why a request to an index is refused: the client's mistake.
public struct StoreIndexRequestProblem: Error, Hashable, CustomStringConvertible {
    /// A sentence for people.
    public let message: String

    /// Makes a problem.
    ///
    /// - Parameter message: a sentence for people.
    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// A property of an index's declaration.
public struct StoreIndexProperty: Sendable, Hashable {
    /// The name, in camel case.
    public var name: String
    /// The value, as JSON.
    public var json: String

    /// Makes a property.
    ///
    /// - Parameters:
    ///   - name: the name, in camel case.
    ///   - json: the value, as JSON.
    public init(_ name: String, json: String) {
        self.name = name
        self.json = json
    }
}

/// Entries that a search has found, the best first.
public struct StoreIndexMatches: Sendable, Hashable {
    /// An entry that was found.
    public struct Match: Sendable, Hashable {
        /// The bytes of its key, as the store's serde writes them.
        public var key: [UInt8]
        /// The score, in the kind's unit.
        public var score: Double
        /// The rank of the match: of two matches the one with the lower rank is better, whatever partition it is from.
        public var rank: Double

        /// Makes a match.
        ///
        /// - Parameters:
        ///   - key: the bytes of the key.
        ///   - score: the score, in the kind's unit.
        ///   - rank: the lower, the better.
        public init(key: [UInt8], score: Double, rank: Double) {
            self.key = key
            self.score = score
            self.rank = rank
        }
    }

    /// The entries, the best first.
    public var matches: [Match]
    /// Whether the index has all entries of the store. A search finds all the same, but may take long.
    public var isIndexComplete: Bool

    /// Makes a result.
    ///
    /// - Parameters:
    ///   - matches: the entries, the best first.
    ///   - isIndexComplete: whether the index has all entries of the store.
    public init(_ matches: [Match], isIndexComplete: Bool) {
        self.matches = matches
        self.isIndexComplete = isIndexComplete
    }
}

/// The figures of one partition of an index, for operators.
public struct StoreIndexFigures: Sendable, Hashable {
    /// The number of entries.
    public var entryCount = 0
    /// The number of segments: the parts that do not change any more.
    public var segmentCount = 0
    /// The number of rows in segments whose entries have changed or are deleted.
    public var deadCount = 0
    /// The number of entries that are in no segment yet. A search compares them one by one.
    public var tailCount = 0
    /// The size of the segments in bytes.
    public var sizeInBytes = 0
    /// Whether every entry of the store is in the index. While an index is made anew, some are not.
    public var isComplete = true
    /// The number of the store's entries that have been read so far to make the index anew; `nil` if it is complete.
    public var rebuiltCount: Int?
    /// The share of the true best entries that searches have found lately, from 0 to 1; `nil` before the first sample.
    public var recall: Double?
    /// The times of the searches since the index was opened.
    public var searchLatency = LatencyHistogram(.microseconds)
    /// The error for which the index was closed, in words; `nil` if it was not.
    public var problem: String?
    /// The reason why the index cannot write its files, such as a full disk; `nil` if it can. It goes on in memory, finds everything, and
    /// is made anew if the process ends before the files are written.
    public var fileProblem: String?

    /// Makes the figures of an empty index.
    public init() {}
}

extension StoreIndexFigures {
    /// Adds the figures of another partition. The recall is the mean by the numbers of entries.
    public static func += (left: inout StoreIndexFigures, right: StoreIndexFigures) {
        left.recall = meanRecall(of: left, right)
        left.entryCount &+= right.entryCount
        left.segmentCount &+= right.segmentCount
        left.deadCount &+= right.deadCount
        left.tailCount &+= right.tailCount
        left.sizeInBytes &+= right.sizeInBytes
        left.isComplete = left.isComplete && right.isComplete
        if let count = right.rebuiltCount { left.rebuiltCount = (left.rebuiltCount ?? 0) &+ count }
        left.searchLatency += right.searchLatency
        left.problem = left.problem ?? right.problem
        left.fileProblem = left.fileProblem ?? right.fileProblem
    }

    private static func meanRecall(of left: StoreIndexFigures, _ right: StoreIndexFigures) -> Double? {
        guard let first = left.recall else { return right.recall }
        guard let second = right.recall else { return first }
        let (firstWeight, secondWeight) = (Double(max(1, left.entryCount)), Double(max(1, right.entryCount)))
        return (first * firstWeight + second * secondWeight) / (firstWeight + secondWeight)
    }
}
