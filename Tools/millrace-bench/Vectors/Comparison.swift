import Foundation

func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }

/// Measures the curves of several subjects over one set. The subjects take turns at every effort, round by round.
package struct Comparison {
    package var set: VectorSet
    package var truth: Truth
    package var subjects: [any SearchSubject]
    package var rounds: Int
    package var count = 10
    /// Efforts up to this one are measured, whatever the recall.
    package var leastEffort = 0
    package var log: (String) -> Void

    package static let efforts = [10, 14, 20, 28, 40, 56, 64, 80, 112, 160, 224, 320, 448]
    /// No more effort is spent beyond this recall.
    private static let enough = 0.997
    /// The CPU time of one measurement, at least.
    private static let leastSeconds = 0.4

    package init(
        _ set: VectorSet, truth: Truth, subjects: [any SearchSubject], rounds: Int, log: @escaping (String) -> Void
    ) {
        (self.set, self.truth, self.subjects, self.rounds, self.log) = (set, truth, subjects, rounds, log)
    }

    package func run() throws -> [Curve] {
        var curves = subjects.map {
            Curve(subject: $0.name, buildCPUSeconds: $0.buildCPUSeconds, sizeInBytes: $0.sizeInBytes)
        }
        // The first runs warm the caches, tell the recall and how often to repeat.
        var repetitions = subjects.map { _ in [Int: Int]() }
        for (number, subject) in subjects.enumerated() {
            for effort in Self.efforts {
                let run = try subject.search(effort: effort, count: count, repetitions: 1)
                let recall = truth.recall(of: run.found)
                repetitions[number][effort] = max(1, Int((Self.leastSeconds / max(1e-6, run.cpuSeconds)).rounded(.up)))
                curves[number].points.append(
                    .init(effort: effort, recall: recall, cpuMicroseconds: [], clientMicroseconds: [], microseconds: [])
                )
                if recall >= Self.enough, effort >= leastEffort { break }
            }
        }
        for round in 1...max(1, rounds) {
            for effort in Self.efforts {
                for (number, subject) in subjects.enumerated() {
                    guard let index = curves[number].points.firstIndex(where: { $0.effort == effort }) else { continue }
                    let run = try subject.search(
                        effort: effort, count: count, repetitions: repetitions[number][effort] ?? 1)
                    let queries = Double(run.queries)
                    curves[number].points[index].cpuMicroseconds.append(run.cpuSeconds * 1e6 / queries)
                    curves[number].points[index].clientMicroseconds.append(run.clientCPUSeconds * 1e6 / queries)
                    curves[number].points[index].microseconds.append(run.seconds * 1e6 / queries)
                }
            }
            log("\(set.name): round \(round) of \(rounds)")
        }
        return curves
    }
}
