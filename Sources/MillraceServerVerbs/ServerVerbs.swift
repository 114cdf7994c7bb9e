package import ArgumentParser
import MillraceCommandLine

/// The verbs that ask a running instance over HTTP.
package enum ServerVerbs {
    package static let all: [any ParsableCommand.Type] = [
        StatusVerb.self, TasksVerb.self, StoresVerb.self, QueryVerb.self, ChangesVerb.self,
        IndexesVerb.self, SearchVerb.self,
        PauseVerb.self, ResumeVerb.self, ThreadsVerb.self,
    ]

    /// The verbs that ask a worker of connectors.
    package static let ofConnectors: [any ParsableCommand.Type] = [
        ConnectorsVerb.self, PauseConnectorVerb.self, ResumeConnectorVerb.self, RestartConnectorVerb.self,
    ]
}

extension ExitStatus {
    /// The part of a verb's help about the statuses of those that ask an instance.
    static let ofServers = """
        EXIT STATUS
          0 done, 1 failed or done only in part, 64 an argument is wrong, 66 something that was named does not exist, \
        69 no instance answers, 75 refused for now: it starts, moves or restores, 77 the token or the certificate is not accepted.
        """
}
