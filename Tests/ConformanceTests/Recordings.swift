import ConformanceRunner
import Foundation
import Testing

/// A recording of Kafka Streams below Tests/Conformance.
struct Recording: CustomTestStringConvertible, Sendable {
    let url: URL
    let features: Set<String>

    var testDescription: String { url.deletingPathExtension().lastPathComponent }

    /// Operations and fields, as `operation.field`, that Millrace does not have yet. Remove an entry once it is built.
    static let featuresToCome: Set<String> = []

    static let all: [Recording] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Conformance")
        do {
            return try ScenarioFiles.find(in: [folder.path]).map { url in
                Recording(url: url, features: try Scenario(contentsOf: url).features)
            }
        } catch {
            Issue.record("cannot read the recordings: \(error)")
            return []
        }
    }()

    static let inScope = all.filter { $0.features.isDisjoint(with: featuresToCome) }
    static let toCome = all.filter { !$0.features.isDisjoint(with: featuresToCome) }
}
