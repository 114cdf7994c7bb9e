import Foundation
import MillraceVectors

/// The measurements of vector indexes, part by part. What was measured before is kept, so that parts can be measured separately.
package struct VectorSpeed {
    package enum Part: String, Sendable, CaseIterable {
        /// 100,000 × 128, in clusters.
        case small
        /// 20,000 × 1,536, in clusters.
        case large
        /// 50,000 × 384, embeddings of texts.
        case texts
        case filters
        case updates
        /// 1,000,000 × 128, in clusters.
        case opening
        /// From 10,000 to 1,000,000 × 128: clusters without structure.
        case growth
        /// The same with clusters whose vectors differ in 20 directions only.
        case structure
    }

    /// Embeddings in files of floats.
    package struct Texts: Sendable {
        package var base: String
        package var queries: String

        package init(base: String, queries: String) { (self.base, self.queries) = (base, queries) }
    }

    /// Where the peers are installed, and the programs that run them.
    package struct Peers: Sendable {
        package var installed: String
        package var programs: String
        package var kinds: [PeerSubject.Kind]

        package init(installed: String, programs: String, kinds: [PeerSubject.Kind] = PeerSubject.Kind.allCases) {
            (self.installed, self.programs, self.kinds) = (installed, programs, kinds)
        }
    }

    package var results = VectorResults()
    private let peers: Peers?
    private let texts: Texts?
    private let rounds: Int
    /// The share of the full size of each set.
    private let scale: Double
    private let folder: String
    private let log: (String) -> Void

    /// - Parameters:
    ///   - peers: `nil` to measure Millrace alone.
    ///   - texts: `nil` to leave the set of texts out.
    ///   - scale: 1 for the sizes that the parts say; less to try whether everything works.
    ///   - folder: an empty folder for the sets and for an index on disk.
    package init(
        peers: Peers?, texts: Texts?, rounds: Int, scale: Double = 1, folder: String, log: @escaping (String) -> Void
    ) {
        self.peers = peers
        self.texts = texts
        self.rounds = rounds
        self.scale = scale
        self.folder = folder
        self.log = log
    }

    private func scaled(_ count: Int) -> Int { max(1_000, Int(Double(count) * scale)) }

    /// Measures a part.
    ///
    /// - Throws: `VectorBenchError` if a peer does not start; the errors of indexes and of files.
    package mutating func measure(_ part: Part) throws {
        switch part {
        case .small:
            try compare(.clustered(scaled(100_000), dimensions: 128), [.float32, .int8, .binary], part)
        case .large:
            try compare(.clustered(scaled(20_000), dimensions: 1_536), [.float32, .int8, .binary], part)
        case .texts:
            guard let texts else { return log("there are no embeddings of texts; the set is left out") }
            let set = try VectorSet.reading(texts.base, queries: texts.queries, dimensions: 384)
            try compare(
                scale < 1 ? set.prefix(scaled(set.count)) : set, [.float32, .float16, .int8, .binary], part)
        case .filters:
            let set = VectorSet.clustered(scaled(100_000), dimensions: 128, queries: 300)
            let ranks = FilterMeasure.ranks(set.count)
            let index = try IndexSubject(set, commitCount: nil, ranks: ranks, named: "millrace index")
            log("\(set.name): the index for filters has \(index.segmentCount) segments")
            results.filters = try FilterMeasure.Kind.allCases.flatMap { kind in
                try FilterMeasure.selectivities.map {
                    try FilterMeasure(index, ranks: ranks, kind: kind, selectivity: $0, rounds: rounds)
                }
            }
        case .updates:
            results.updates = try UpdateLatency(
                .clustered(scaled(100_000), dimensions: 384), seconds: max(2, 60 * scale),
                folder: "\(folder)/updates", log: log)
        case .opening:
            results.opening = try Opening(
                .clustered(scaled(1_000_000), dimensions: 128, queries: 1), rounds: rounds,
                folder: "\(folder)/opening", log: log)
        case .growth:
            let counts = Growth.counts.map(scaled)
            results.growth = try Growth(degrees: nil, counts: counts, rounds: rounds, log: log)
        case .structure:
            let counts = Growth.counts.map(scaled)
            results.structuredGrowth = try Growth(degrees: 20, counts: counts, rounds: rounds, log: log)
        }
    }

    private mutating func compare(_ set: VectorSet, _ elements: [VectorElement], _ part: Part) throws {
        let truth = try Truth(of: set, count: 10)
        let parameters = GraphParameters()
        var subjects: [any SearchSubject] = []
        func add(_ subject: any SearchSubject) {
            let size = subject.sizeInBytes / set.count
            let built = Int((subject.buildCPUSeconds ?? 0).rounded())
            log("\(set.name): \(subject.name) was built in \(built) CPU seconds, \(size) bytes for each vector")
            subjects.append(subject)
        }
        for element in elements { add(try GraphSubject(set, element: element, parameters: parameters)) }
        let index = try IndexSubject(set, commitCount: 1_000, named: "millrace index")
        log("\(set.name): the index has \(index.segmentCount) segments")
        add(index)
        if let peers {
            let data = try set.write(to: "\(folder)/\(part.rawValue)")
            for kind in peers.kinds {
                add(
                    try PeerSubject(
                        kind, installed: peers.installed, programs: peers.programs, data: data,
                        dimensions: set.dimensions, links: parameters.links, buildEffort: parameters.buildEffort,
                        folder: folder))
            }
        }
        let curves = try Comparison(set, truth: truth, subjects: subjects, rounds: rounds, log: log).run()
        results.comparisons[part.rawValue] = VectorResults.Compared(
            set: set.name, count: set.count, dimensions: set.dimensions, segments: index.segmentCount, curves: curves)
    }
}
