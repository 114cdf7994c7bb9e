import Foundation
import Millrace
import Testing

extension ServerTests {
    @Suite("Completions of the shells")
    struct CompletionTests {
        enum Shell: String, CaseIterable { case bash, zsh, fish }

        /// A folder with the completion scripts of programs, and with files to complete.
        private final class Completer {
            let folder = FileManager.default.temporaryDirectory.appending(path: "complete-\(UUID().uuidString)")
            private let shell: Shell

            /// The names of a program's options stand in its script for every verb, so that it takes a debug build long to write.
            init(_ shell: Shell, of programs: [String] = ["millrace"]) async throws {
                self.shell = shell
                try FileManager.default.createDirectory(
                    at: folder.appending(path: "data-folder"), withIntermediateDirectories: true)
                try Data().write(to: folder.appending(path: "data-file.json"))
                for program in programs {
                    let script = try await VerbProcess.run(
                        ["--generate-completion-script", shell.rawValue], of: VerbProcess.program(program),
                        within: .seconds(300))
                    try (script.output.joined(separator: "\n") + "\n").write(
                        to: folder.appending(path: "_\(program)"), atomically: true, encoding: .utf8)
                }
            }

            deinit { try? FileManager.default.removeItem(at: folder) }

            /// Returns what the shell offers after a line, as with the tab key.
            func completed(_ line: String) async throws -> Set<String> {
                let program = line.prefix { $0 != " " }
                let (file, arguments): (String, [String]) =
                    switch shell {
                    case .bash: ("/bin/bash", ["-c", Self.bash(line, program: program, in: folder.path())])
                    case .zsh: ("/usr/bin/zsh", ["-f", Self.zshScript, folder.path(), line])
                    case .fish:
                        (
                            "/usr/bin/fish",
                            ["--no-config", "-i", "-c", Self.fish(line, program: program, in: folder.path())]
                        )
                    }
                let outcome = try await VerbProcess.run(
                    arguments, of: URL(filePath: file),
                    environment: [
                        "PATH": "\(VerbProcess.folder.path()):/usr/bin:/bin", "HOME": folder.path(), "TERM": "xterm",
                        "LC_ALL": "C.UTF-8",
                    ])
                #expect(outcome.status == 0, "\(line): \(outcome)")
                // fish has a description behind a tab; bash a space after what is complete; a folder ends with a slash.
                return Set(
                    outcome.output.map { output in
                        let word = output.prefix { $0 != "\t" }.trimmingCharacters(in: .whitespaces)
                        return word.hasSuffix("/") ? String(word.dropLast()) : word
                    })
            }

            private static let zshScript = VerbProcess.folder.deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "Tools/completions/complete.zsh").path()

            /// Without a terminal fish does not know where the cursor is: at the end of the line.
            private static func fish(_ line: String, program: Substring, in folder: String) -> String {
                """
                source '\(folder)/_\(program)'
                function commandline
                    if contains -- -tC $argv
                        string length -- (builtin commandline -t)
                    else
                        builtin commandline $argv
                    end
                end
                complete -C '\(line)'
                """
            }

            private static func bash(_ line: String, program: Substring, in folder: String) -> String {
                let words = line.split(separator: " ", omittingEmptySubsequences: false).map { "'\($0)'" }
                return """
                    source '\(folder)/_\(program)'
                    COMP_WORDS=(\(words.joined(separator: " "))); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                    COMP_LINE='\(line)'; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9
                    function_name=$(complete -p \(program) | sed 's/.*-F \\([^ ]*\\).*/\\1/')
                    "$function_name" \(program) \(words.last ?? "''") \(words.dropLast().last ?? "''") 2>/dev/null
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """
            }
        }

        @Test("verbs, options, the values of enumerations, files and folders are completed", arguments: Shell.allCases)
        func everything(shell: Shell) async throws {
            let completer = try await Completer(shell, of: ["millrace", "risk-scores"])
            func expect(_ line: String, _ words: [String], but others: [String] = []) async throws {
                let found = try await completer.completed(line)
                #expect(found.isSuperset(of: words), "\(shell): \(line): \(found.sorted())")
                #expect(found.isDisjoint(with: others), "\(shell): \(line): \(found.sorted())")
            }
            try await expect("millrace dl", ["dlq"], but: ["query"])
            try await expect("millrace dlq ", ["list", "show", "retry", "drop"])
            try await expect("millrace query --pre", ["--prefix"], but: ["--partition"])
            try await expect("millrace threads ", ["add", "remove"])
            try await expect("millrace describe ", ["risk-scores", "agent-context"])
            try await expect("millrace describe risk-scores --format ", ["text", "mermaid", "svg"])
            try await expect("millrace dlq list dead --example pa", ["page-views"], but: ["risk-scores"])
            try await expect("millrace simulate --scenario ri", ["risk", "risk-at-least-once"])
            try await expect("millrace query s --key-format ", ["text", "base64", "hex"])
            for program in ["millrace run risk-scores", "risk-scores"] {
                try await expect("\(program) --guarantee ", ["exactly-once", "at-least-once"])
                try await expect("\(program) --processing-errors ", ["fail", "continue", "dead-letter"])
                try await expect("\(program) --log-level w", ["warning"], but: ["info"])
                try await expect("\(program) --offset-reset ", ["earliest", "latest", "none"])
            }
            try await expect("millrace broker --flush ", ["never", "always"])
            try await expect("millrace changes s --from ", ["earliest", "latest"])
            try await expect("risk-scores re", ["replay", "reset", "resume"])
            try await expect("risk-scores --address-f", ["--address-file"])
            let (file, data) = ("data-file.json", "data-folder")
            let start = "\(completer.folder.path())/da"
            func names(_ line: String) async throws -> Set<String> {
                Set(try await completer.completed(line).map { URL(filePath: $0).lastPathComponent })
            }
            for line in [
                "millrace run risk-scores --config", "millrace dlq retry dead 0:1 --value",
                "millrace status --token-file",
                "millrace status --client-key", "risk-scores --tls-certificate", "risk-scores --tokens",
            ] { #expect(try await names("\(line) \(start)").isSuperset(of: [file]), "\(shell): \(line)") }
            for line in ["millrace broker --data-dir", "risk-scores --state-dir"] {
                let found = try await names("\(line) \(start)")
                #expect(found.contains(data) && !found.contains(file), "\(shell): \(line): \(found)")
            }
        }

        @Test(
            "the names of an instance's stores are completed, from the instance that the line names",
            arguments: Shell.allCases)
        func stores(shell: Shell) async throws {
            try await withServers { _, servers in
                let completer = try await Completer(shell)
                let server = "--server \(servers[0].address)"
                #expect(try await completer.completed("millrace query \(server) co") == ["counts"], "\(shell)")
                let all = try await completer.completed("millrace changes \(server) ")
                #expect(all.isSuperset(of: ["counts", "sessions", "versions"]), "\(shell): \(all)")
            }
        }
    }
}
