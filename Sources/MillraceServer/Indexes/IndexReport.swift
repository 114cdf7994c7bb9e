import Millrace
import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// An index as the catalogue shows it.
struct IndexReport: Sendable {
    /// The figures of a partition on an instance.
    struct Partition: Decodable, Sendable {
        var id: Int32
        var location: String
        var instance: String?
        var entryCount: Int
        var segmentCount: Int
        var deadCount: Int
        var tailCount: Int
        var sizeInBytes: Int
        var isComplete: Bool
        var rebuiltCount: Int?
        var recall: Double?
        var searchCount: Int
        var searchSeconds: Double
        var searchP99Seconds: Double?
        var problem: String?
        var fileProblem: String?
    }

    let name: String
    private let store: StoreDescription
    private let index: StoreDescription.Index
    private var partitions: [Partition] = []

    /// - Parameter address: the address of this instance.
    init(_ index: StoreDescription.Index, of store: StoreDescription, at address: String?) {
        name = index.name
        self.store = store
        self.index = index
        partitions = store.partitions.compactMap { partition in
            partition.indexFigures[index.name].map { Partition($0, of: partition, at: address) }
        }
    }

    /// Adds the figures of another instance's partitions.
    mutating func add(_ others: [Partition], from address: String) {
        partitions += others.map { other in
            var other = other
            other.instance = other.instance ?? address
            return other
        }
    }

    /// Reads the partitions in the answer of another instance, by the names of the indexes; `nil` if it is no such answer.
    static func partitions(in body: ByteBuffer) -> [String: [Partition]]? {
        struct Answer: Decodable {
            struct Index: Decodable {
                var name: String
                var partitions: [Partition]
            }
            var indexes: [Index]
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView)) else {
            return nil
        }
        return Dictionary(answer.indexes.map { ($0.name, $0.partitions) }) { $0 + $1 }
    }

    /// The partitions that count: those of owners, each once. Of a global table it is this instance's own.
    private var counted: [Partition] {
        var ids: Set<Int32> = []
        return partitions.filter { $0.location != "standby" && ids.insert($0.id).inserted }
    }

    var json: String {
        let counted = counted
        let known = Set(counted.map(\.id))
        let missing = store.partitions.map(\.id).filter { !known.contains($0) }
        var (total, searches) = (StoreIndexFigures(), IndexSearchTimes())
        for partition in counted {
            total += partition.figures
            searches += partition.searches
        }
        if !missing.isEmpty || counted.isEmpty { total.isComplete = false }
        let members: [(String, String?)] = [
            ("name", JSON.quoted(name)), ("store", JSON.quoted(store.name)), ("kind", JSON.quoted(index.kind)),
            ("isGlobal", "\(store.isGlobal)"), ("isSearchable", "\(index.isSearchable)"),
        ]
        return JSON.object(
            members + index.properties.map { ($0.name, $0.json) } + [
                ("total", JSON.object(Self.members(of: total, searches))),
                ("missingPartitions", JSON.array(missing.map { "\($0)" })),
                (
                    "partitions",
                    JSON.array(
                        partitions.sorted { ($0.id, $0.instance ?? "") < ($1.id, $1.instance ?? "") }.map(\.json))
                ),
            ])
    }

    fileprivate static func members(
        of figures: StoreIndexFigures, _ searches: IndexSearchTimes
    ) -> [(String, String?)] {
        [
            ("entryCount", "\(figures.entryCount)"), ("segmentCount", "\(figures.segmentCount)"),
            ("deadCount", "\(figures.deadCount)"), ("tailCount", "\(figures.tailCount)"),
            ("sizeInBytes", "\(figures.sizeInBytes)"), ("isComplete", "\(figures.isComplete)"),
            ("rebuiltCount", figures.rebuiltCount.map { "\($0)" }), ("recall", figures.recall.map { "\($0)" }),
            ("searchCount", "\(searches.count)"), ("searchSeconds", "\(searches.seconds)"),
            ("searchP99Seconds", searches.p99Seconds.map { "\($0)" }),
            ("problem", figures.problem.map(JSON.quoted)), ("fileProblem", figures.fileProblem.map(JSON.quoted)),
        ]
    }
}

extension IndexReport.Partition {
    init(_ figures: StoreIndexFigures, of partition: StoreDescription.Partition, at address: String?) {
        // Figures are known before the first query, and so before a partition is readable.
        let searches = IndexSearchTimes(figures.searchLatency)
        let isStandby = partition.location == .standby || partition.location == .elsewhere
        self.init(
            id: partition.id, location: isStandby ? "standby" : "here", instance: address,
            entryCount: figures.entryCount, segmentCount: figures.segmentCount, deadCount: figures.deadCount,
            tailCount: figures.tailCount, sizeInBytes: figures.sizeInBytes, isComplete: figures.isComplete,
            rebuiltCount: figures.rebuiltCount, recall: figures.recall, searchCount: searches.count,
            searchSeconds: searches.seconds, searchP99Seconds: searches.p99Seconds, problem: figures.problem,
            fileProblem: figures.fileProblem)
    }

    fileprivate var figures: StoreIndexFigures {
        var figures = StoreIndexFigures()
        (figures.entryCount, figures.segmentCount) = (entryCount, segmentCount)
        (figures.deadCount, figures.tailCount, figures.sizeInBytes) = (deadCount, tailCount, sizeInBytes)
        (figures.isComplete, figures.rebuiltCount, figures.recall) = (isComplete, rebuiltCount, recall)
        (figures.problem, figures.fileProblem) = (problem, fileProblem)
        return figures
    }

    fileprivate var searches: IndexSearchTimes {
        IndexSearchTimes(count: searchCount, seconds: searchSeconds, p99Seconds: searchP99Seconds)
    }

    fileprivate var json: String {
        JSON.object(
            [
                ("id", "\(id)"), ("location", JSON.quoted(location)), ("instance", instance.map(JSON.quoted)),
            ] + IndexReport.members(of: figures, searches))
    }
}
