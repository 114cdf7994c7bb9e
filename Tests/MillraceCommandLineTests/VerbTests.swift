import ArgumentParser
import Millrace
import MillraceOperations
import Testing

@testable import MillraceCommandLine

@Suite("Verbs of a program") struct VerbTests {
    struct Program: StreamsCommand {
        static let configuration = CommandConfiguration(commandName: "program", subcommands: verbs)
        @OptionGroup var instance: InstanceOptions
        @Option var inputTopic = "in"

        func define(_ builder: StreamsBuilder) {
            builder.stream(inputTopic, key: .string, value: .string).groupByKey().count(into: .store("counts"))
                .toStream().to("out", key: .string, value: .int64)
        }
    }

    @Test("a program without a verb runs an instance, with one it does what the verb says")
    func withAndWithout() throws {
        #expect(try Program.parseAsRoot(required) is Program)
        #expect(try Program.parseAsRoot(required + ["run"]) is RunVerb<OwnProgram<Program>>)
        #expect(try Program.parseAsRoot(["replay"] + required) is ReplayVerb<OwnProgram<Program>>)
    }

    @Test("options of the program count before and behind the verb, those of its own included")
    func ownOptions() throws {
        for arguments in [["--input-topic", "mine", "describe"], ["describe", "--input-topic", "mine"]] {
            let verb = try #require(try Program.parseAsRoot(arguments) as? DescribeVerb<OwnProgram<Program>>)
            let options = try verb.program.options(
                defaults: ["application-id": "a", "bootstrap-servers": "localhost:1"])
            #expect(try verb.program.makeTopology(options).sourceTopics == ["mine"])
        }
    }

    @Test("a verb that only reads topics needs no application, one that is about an application does")
    func applicationID() throws {
        let arguments = ["tail", "topic", "--bootstrap-servers", "localhost:1"]
        let tail = try #require(try Program.parseAsRoot(arguments) as? TailVerb<OwnProgram<Program>>)
        #expect(try tail.cluster.connection().bootstrapServers == ["localhost:1"])
        let replay = try #require(
            try Program.parseAsRoot(["replay", "--bootstrap-servers", "localhost:1"])
                as? ReplayVerb<OwnProgram<Program>>)
        #expect(throws: ValidationError.self) { try replay.program.options(defaults: [:]) }
    }

    @Test(
        "there are completions of the verbs for every shell",
        arguments: [CompletionShell.bash, .zsh, .fish])
    func completions(shell: CompletionShell) {
        let script = Program.completionScript(for: shell)
        for name in ["describe", "lag", "tail", "dlq", "replay", "reset", "bootstrap-servers"] {
            #expect(script.contains(name), "\(name)")
        }
    }

    @Test("every kind of failure has an exit status of its own")
    func statuses() {
        let statuses = OperationError.Kind.allCases.map { ExitStatus.of($0).rawValue }
        #expect(Set(statuses).count == statuses.count && !statuses.contains(0))
    }

    @Test("a table becomes no wider than the terminal, and cuts the widest columns for it")
    func narrowTable() {
        let lines = table(["KEY", "VALUE"], [["a", String(repeating: "x", count: 90)], ["b", "1"]], width: 40)
        #expect(lines.map(\.columnCount).max() == 40 && lines[1].hasSuffix("x…") && lines[2] == "b    1")
        #expect(table(["A", "B"], [["1", "2"]], width: 2) == ["A  B", "1  2"])
    }

    @Test("times are shown to the millisecond")
    func times() {
        #expect(timeText(ms: 1_600_000_000_001) == "2020-09-13T12:26:40.001Z")
        #expect(timeText(ms: 1_600_000_000_999) == "2020-09-13T12:26:40.999Z")
        #expect(timeText(ms: 0) == "1970-01-01T00:00:00.000Z" && timeText(ms: -1) == "-1 ms")
    }

    @Test("an error is also a line of JSON, with a code that stays the same")
    func errors() {
        #expect(OperationError(.missing, "no \"x\"").json.text == #"{"code": "missing", "message": "no \"x\""}"#)
        #expect(OperationError(.failed, "x", code: "store_kind").code == "store_kind")
    }

    @Test("letters are chosen by ids or by --all, and one repaired value is for one letter")
    func letters() {
        for arguments in [[], ["0:1", "--all"], ["0:1", "0:2", "--value", "file"]] {
            #expect(throws: (any Error).self) { try Program.parseAsRoot(["dlq", "retry", "dead"] + arguments) }
        }
    }

    @Test("a bar shows the share that is done, and only a number where the end is not known", arguments: [80, 120])
    func bar(width: Int) {
        func line(_ label: String, _ done: Int64?, of total: Int64?) -> String {
            ProgressBar.Content(label: label, done: done, total: total).line(width: width)
        }
        #expect(line("reading", 1, of: 4).hasSuffix("░ 25 % (1 of 4)"))
        #expect(line("reading", 5, of: 4).hasSuffix("█ 100 % (5 of 4)"))
        #expect(line("reading", 7, of: .max) == "reading 7" && line("reading", 7, of: nil) == "reading 7")
        #expect(line("waiting", nil, of: nil) == "waiting  0 s")
        // Wide characters take two columns.
        #expect(line("読む", nil, of: nil) == "読む  0 s" && line("読む", 1, of: 2).columnCount < width)
        let name = String(repeating: width > 100 ? "読" : "x", count: 100)
        for (done, total) in [(1, 4), (1, nil), (nil, nil)] as [(Int64?, Int64?)] {
            #expect(line(name, done, of: total).columnCount < width)
        }
        #expect(line(String(name.prefix(90)), 1, of: 4).hasSuffix(" 25 % (1 of 4)"))
        let plain = ProgressBar.Content(label: name, done: 1, total: 4).line(width: 40, unicode: false)
        #expect(plain.hasSuffix("... 25 % (1 of 4)") && plain.columnCount < 40)
        let bar = ProgressBar.Content(label: "a", done: 1, total: 2).line(width: 80, unicode: false)
        #expect(bar.unicodeScalars.allSatisfy { $0.isASCII })
    }

    @Test("a terminal erases lines unless its name says otherwise, and shows what its locale can encode")
    func terminals() {
        func abilities(_ environment: [String: String]) -> TerminalAbilities { TerminalAbilities(environment) }
        #expect(abilities(["TERM": "xterm"]).erases && abilities(["TERM": "xterm", "NO_COLOR": "1"]).erases)
        for environment in [[:], ["TERM": ""], ["TERM": "dumb"]] { #expect(!abilities(environment).erases) }
        #expect(abilities(["LANG": "en_GB.UTF-8"]).showsUnicode && abilities(["LC_CTYPE": "C.utf8"]).showsUnicode)
        #expect(!abilities(["LANG": "en_GB.UTF-8", "LC_ALL": "C"]).showsUnicode && !abilities([:]).showsUnicode)
    }

    @Test("texts are measured and cut by columns, and cannot move the cursor")
    func columns() {
        #expect("e\u{301}a".columnCount == 2 && "日本".columnCount == 4 && "👩‍💻".columnCount == 2 && "é".columnCount == 1)
        #expect("日本語".fitted(to: 5) == "日本…" && "日本語".fitted(to: 4) == "日…" && "abc".fitted(to: 3) == "abc")
        #expect("abc".fitted(to: 0).isEmpty && "abc".fitted(to: 1) == "…")
        #expect("a\u{1B}[2J\nb\r\nc".printable == "a [2J b  c" && "ü".printable == "ü")
        #expect(table(["A"], [["a\u{1B}b"]], width: nil) == ["A", "a b"])
    }

    @Test("a topology is drawn with every node, whatever its names are made of")
    func drawing() throws {
        let builder = StreamsBuilder()
        builder.stream("in", key: .string, value: .string)
            .groupBy(key: .string) { _, value in value }
            .count(into: .store("counts")).toStream()
            .to(key: .string, value: .int64, description: "a <script> & \"more\"") { _ in "out" }
        let graph = try builder.build().graph
        #expect(graph.subtopologies.count == 2)
        for text in [graph.mermaid, graph.dot, graph.svg, graph.json.text] {
            for node in graph.subtopologies.flatMap(\.nodes) { #expect(text.contains(node.name), "\(node.name)") }
        }
        #expect(!graph.svg.contains("<script>") && !graph.mermaid.contains("<script>"))
        #expect(graph.svg.contains("stroke-dasharray") && graph.dot.contains("style=dashed"))
    }
}
