import ArgumentParser
import ConformanceRunner
import Foundation

/// Runs scenario files and prints which of them the library reproduces.
@main
struct Conformance: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Runs recordings of Kafka Streams against Millrace (Tests/Conformance/FORMAT.md).",
        discussion: "Prints a line for each failure with its first difference. An unknown operation fails.")

    @Argument(help: "Scenario files, or folders that are searched for them.", completion: .file())
    var paths: [String]

    func run() throws {
        var passed = 0
        var failed = 0
        for url in try ScenarioFiles.find(in: paths) {
            do {
                try ScenarioRunner.run(Scenario(contentsOf: url))
                passed += 1
            } catch {
                failed += 1
                print("\(url.path): \(error)")
            }
        }
        print("\(passed) passed, \(failed) failed")
        if failed > 0 || passed == 0 { throw ExitCode.failure }
    }
}
