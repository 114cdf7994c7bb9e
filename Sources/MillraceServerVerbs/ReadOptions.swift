import ArgumentParser

/// The options of every verb that reads stores or indexes.
struct ReadOptions: ParsableArguments {
    enum KeyFormat: String, ExpressibleByArgument, CaseIterable { case text, base64, hex }

    @Option(help: "How keys are written: text, base64 or hex.") var keyFormat: KeyFormat?
    @Option(help: ArgumentHelp("The position that the answer has to contain.", valueName: "TOPIC-PARTITION@OFFSET,…"))
    var atLeast: String?
    @Flag(help: "Standbys may answer, whose state is behind.") var stale = false
    @Option(help: "The seconds that a read waits for a rebalance, a restore or the position; 5 by default.")
    var timeout: Double?

    func validate() throws {
        if let timeout, !(0...30).contains(timeout) { throw ValidationError("--timeout must be from 0 to 30") }
    }

    /// The parameters of the request.
    var query: [(String, String?)] {
        [
            ("key-format", keyFormat?.rawValue), ("at-least", atLeast), ("stale", stale ? "true" : nil),
            ("timeout", timeout.map { "\($0)" }),
        ]
    }

    /// The time after which an instance that does not answer is given up.
    var patience: Duration { .seconds((timeout ?? 5) + 5) }
}
