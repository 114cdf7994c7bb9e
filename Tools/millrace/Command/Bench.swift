import ArgumentParser
import Foundation
import MillraceCommandLine

/// `millrace bench`: becomes `millrace-bench`, which is a program of its own because it has to be built for speed.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures: runs millrace-bench, which lies beside this command.",
        discussion: "All arguments are passed on: see millrace bench -- --help.")

    @Argument(parsing: .captureForPassthrough, help: "The arguments of millrace-bench.") var arguments: [String] = []

    func run() throws {
        let folder = Bundle.main.executableURL?.deletingLastPathComponent().path() ?? ""
        let path = "\(folder)/millrace-bench"
        guard access(path, X_OK) == 0 else {
            complain("there is no \(path): build it with swift build -c release --product millrace-bench")
            throw ExitCode(66)
        }
        var list = ([path] + arguments.filter { $0 != "--" }).map { strdup($0) } + [nil]
        execv(path, &list)
        complain("\(path) cannot be run: \(String(cString: strerror(errno)))")
        throw ExitCode(1)
    }
}
