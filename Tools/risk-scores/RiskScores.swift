import ArgumentParser
import Millrace
import MillraceCommandLine
import MillraceServer
import RiskScore

/// A processor instance of the risk score, which answers queries over HTTP if it is told where to listen.
@main
struct RiskScores: ServedStreamsCommand {
    @OptionGroup var instance: InstanceOptions
    @OptionGroup(title: "Server") var server: ServerOptions

    func define(_ builder: StreamsBuilder) {
        RiskScoreTopology().define(in: builder)
    }
}

extension RiskScores {
    static let configuration = CommandConfiguration(
        abstract: "Runs a processor instance of the risk score.", discussion: InstanceOptions.discussion,
        subcommands: verbs)
}
