import ArgumentParser
import BenchCeiling
import Foundation

/// Runs the hand-written work of Tools/bench-ceiling, in a separate process.
struct Ceiling: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() throws {
        var pointers = (["millrace-bench ceiling"] + arguments).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let code = bench_ceiling(Int32(arguments.count + 1), &pointers)
        if code != 0 { throw ExitCode(code) }
    }
}
