import ArgumentParser
import Millrace
import MillraceCommandLine
import RiskScore

/// A processor instance of the risk score.
@main
struct RiskScores: StreamsCommand {
    @OptionGroup var instance: InstanceOptions

    func define(_ builder: StreamsBuilder) {
        RiskScoreTopology().define(in: builder)
    }
}
