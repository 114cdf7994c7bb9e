package import ArgumentParser
import Millrace
import MillraceOperations

/// `describe`: the topology, as text or drawn.
package struct DescribeVerb<Program: ProgramArguments>: ParsableCommand {
    package static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "describe", abstract: "Prints the topology, as text or as a graph.")
    }

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, mermaid, dot, svg, json }

    @OptionGroup var program: Program
    @Option(help: "text (as Kafka Streams prints it), mermaid, dot (Graphviz), svg or json.") var format = Format.text
    @Flag(help: "The same as --format json.") var json = false

    package init() {}

    package func run() throws {
        try reporting(json: json) {
            // No broker is asked, so none has to be named.
            let options = try program.options(
                defaults: ["application-id": "application", "bootstrap-servers": "localhost:9092"])
            let topology = try program.makeTopology(options)
            switch json ? .json : format {
            case .text: printLine(topology.describe())
            case .mermaid: printLine(topology.graph.mermaid)
            case .dot: printLine(topology.graph.dot)
            case .svg: printLine(topology.graph.svg)
            case .json: printLine(topology.graph.json.text)
            }
        }
    }
}
