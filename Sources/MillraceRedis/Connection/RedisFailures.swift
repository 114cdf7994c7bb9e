import MillraceConnect
import RedisClient

/// The sentences for the failures of Redis.
enum RedisFailures {
    /// Returns the error of a connector for a failure of Redis.
    ///
    /// - Parameters:
    ///   - error: the failure.
    ///   - address: the server's address.
    ///   - subject: the thing that the command was about, such as `the stream orders`.
    static func error(_ error: RedisError, at address: String, about subject: String) -> ConnectorError {
        switch error {
        case .refused(let words, let command): refusal(words, command, address, subject)
        case .unreachable, .disconnected, .timedOut: ConnectorError(.temporary, "\(subject): \(error)")
        case .protocolProblem(let problem):
            ConnectorError(
                .permanent,
                "\(subject): \(address) does not speak Redis' protocol (\(problem)); check the port, and whether the server needs TLS"
            )
        }
    }

    private static func refusal(_ words: String, _ command: String, _ address: String, _ subject: String)
        -> ConnectorError
    {
        let code = String(words.prefix { $0 != " " })
        if let sentence = sentences[code] {
            return ConnectorError(sentence.kind, "\(subject): \(sentence.words) (\(address): \(words))")
        }
        if words.contains("unknown command") {
            return ConnectorError(
                .permanent,
                "\(subject): the server at \(address) does not know \(command); it is too old, or a module is missing")
        }
        return ConnectorError(.permanent, "\(subject): \(address) refuses \(command): \(words)")
    }

    private static let sentences: [String: (kind: ConnectorError.Kind, words: String)] = [
        "WRONGPASS": (.permanent, "the user or the password is wrong; correct it in the configuration"),
        "NOAUTH": (.permanent, "Redis asks for a password; add it to the configuration"),
        "NOPERM": (.permanent, "the user lacks a permission; grant it with ACL SETUSER"),
        "WRONGTYPE": (.permanent, "the key has a value of another type; name another key, or delete that one"),
        "MOVED": (
            .permanent,
            "the server is a node of a cluster that does not have this key; name the node that has it as host and port"
        ),
        "ASK": (.temporary, "the cluster moves the key to another node at the moment"),
        "CROSSSLOT": (
            .permanent,
            "the keys are on different nodes of the cluster; give all of them the same hash tag, a part in braces such as {orders}"
        ),
        "LOADING": (.temporary, "Redis is loading its data, and answers later"),
        "READONLY": (.temporary, "the server is a replica; name the primary, or wait until the failover is over"),
        "MASTERDOWN": (.temporary, "the replica has lost its primary, and answers later"),
        "CLUSTERDOWN": (.temporary, "the cluster is down, and answers later"),
        "TRYAGAIN": (.temporary, "the cluster moves the keys at the moment"),
        "BUSY": (.temporary, "a script holds Redis up; end it with SCRIPT KILL"),
        "MISCONF": (
            .temporary, "Redis cannot write its data to its disk, and so takes no changes; see its log, and make room"
        ),
        "OOM": (
            .temporary, "Redis has no memory left; raise maxmemory, bound the streams, or choose a policy of eviction"
        ),
        "NOREPLICAS": (.temporary, "Redis has too few replicas to take changes (min-replicas-to-write)"),
        "EXECABORT": (.temporary, "Redis has taken nothing of the transaction"),
    ]
}
