import ArgumentParser
import Millrace
import MillraceCommandLine
import MillraceRuntime
import RiskScore
import ServiceLifecycle

/// A processor instance of the risk score.
@main
struct RiskScores: StreamsCommand {
    @OptionGroup var instance: InstanceOptions

    @Flag(help: "Answer the accounts on standard input, one a line, with their scores.")
    var answers = false

    func define(_ builder: StreamsBuilder) {
        RiskScoreTopology().define(in: builder)
    }

    func services(beside application: StreamsApplication) -> [any Service] {
        answers ? [Answers(application: application)] : []
    }
}
