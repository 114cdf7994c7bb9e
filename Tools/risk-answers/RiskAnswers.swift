import ArgumentParser
import Millrace
import MillraceCommandLine
import MillraceRuntime
import RiskScore
import ServiceLifecycle

/// A processor instance of the risk score that answers queries: for each account on standard input, one on each line, it prints
/// the score.
@main
struct RiskAnswers: StreamsCommand {
    @OptionGroup var instance: InstanceOptions

    func define(_ builder: StreamsBuilder) {
        RiskScoreTopology().define(in: builder)
    }

    func services(beside application: StreamsApplication) -> [any Service] {
        [Answers(application: application)]
    }
}
