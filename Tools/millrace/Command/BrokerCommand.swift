import ArgumentParser
import ClusterCore
import EmbeddedBroker
import Foundation
import Logging
import MillraceCommandLine
import MillraceOperations

/// `millrace broker`: a Kafka broker of one node.
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Runs a Kafka broker of one node, for development.",
        discussion: """
            It keeps its records in memory, or with --data-dir on disk, where everything it acknowledged survives its end, \
            kill -9 included. Once it listens, it prints one line: listening on HOST:PORT. Its log goes to standard error.

            \(ExitStatus.discussion)
            """)

    private static let defaults = EmbeddedBrokerConfiguration()

    @Option(help: "The port to listen on; 0 takes any that is free.")
    var port = 9092

    @Option(
        help: """
            The address to listen on. There is no authentication: beyond this machine, everybody who reaches the port can \
            read and change everything.
            """)
    var host = BrokerCommand.defaults.host

    @Option(
        help: "The address that clients are told to use, as HOST:PORT; by default the one that they connected to.",
        transform: { try BrokerAddress(option: $0) })
    var advertised: BrokerAddress?

    @Option(
        help: ArgumentHelp(
            "A file that has the broker's address, as HOST:PORT, while the broker listens.", valueName: "FILE"),
        completion: .file())
    var addressFile: String?

    @Option(help: "The folder to keep everything in; created if it is missing.", completion: .directory)
    var dataDir: String?

    @Option(help: "A topic to create unless it exists, as NAME:PARTITIONS; may be repeated.")
    var topic: [TopicOption] = []

    @Option(
        help: "When to force the data to the disk: never, always (before each acknowledgement), or every so many ms.",
        completion: .list(["never", "always"]), transform: { try JournalFlush(option: $0) })
    var flush = BrokerCommand.defaults.flush

    @Option(help: "The number of bytes of changes and records after which a snapshot replaces the journal.")
    var journalFileBytes = BrokerCommand.defaults.journalSizeInBytes

    @Option(help: "The number of bytes after which a partition starts a new file, unless a topic sets segment.bytes.")
    var segmentFileBytes = BrokerCommand.defaults.segmentSizeInBytes

    @Option(help: "How many bytes of the newest records are kept in memory when there is a data directory.")
    var cacheBytes = BrokerCommand.defaults.cacheSizeInBytes

    @Flag(help: "Create topics that clients ask for, if the clients allow it.")
    var autoCreateTopics = false

    @Option(help: "How long a group's first rebalance waits for more members, in ms; Kafka's own default is 3000.")
    var groupInitialRebalanceDelayMs = BrokerCommand.defaults.cluster.initialRebalanceDelayMs

    @Option(
        help: """
            How long members wait for their assignment, in ms: as with a slower broker, a client knows its member id well \
            before its partitions.
            """)
    var groupAssignmentDelayMs: Int64 = 100

    @Option(
        help: "What to log: debug, info, warning, error.",
        completion: .list(Logger.Level.allCases.map(\.rawValue)), transform: { try Logger.Level(option: $0) })
    var logLevel = Logger.Level.info

    @Flag(help: "One line of JSON for each event: listening, stopping, stopped.")
    var json = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port has to be from 0 to 65535") }
        guard journalFileBytes > 0 else { throw ValidationError("--journal-file-bytes has to be positive") }
        guard segmentFileBytes > 0 else { throw ValidationError("--segment-file-bytes has to be positive") }
        guard cacheBytes >= 0 else { throw ValidationError("--cache-bytes must not be negative") }
        guard groupInitialRebalanceDelayMs >= 0, groupAssignmentDelayMs >= 0 else {
            throw ValidationError("a delay must not be negative")
        }
    }

    func run() async throws { try await reportingAsync(json: json) { try await serve() } }

    private func serve() async throws {
        let (ends, end) = AsyncStream<End>.makeStream()
        let signals = StopSignals { end.yield(.signal) }
        defer { signals.cancel() }

        var configuration = Self.defaults
        configuration.host = host
        configuration.port = port
        configuration.advertisedAddress = advertised
        configuration.dataDirectory = dataDir
        configuration.flush = flush
        configuration.journalSizeInBytes = journalFileBytes
        configuration.segmentSizeInBytes = segmentFileBytes
        configuration.cacheSizeInBytes = cacheBytes
        configuration.createsTopicsAutomatically = autoCreateTopics
        configuration.cluster.initialRebalanceDelayMs = groupInitialRebalanceDelayMs
        configuration.topics = topic.map { NewTopic($0.name, partitionCount: $0.partitionCount) }
        configuration.logger = Logger(label: "broker") {
            BarErasingLogHandler(StreamLogHandler.standardError(label: $0))
        }
        configuration.logger.logLevel = logLevel
        configuration.onFailure = { end.yield(.failure($0)) }

        let file = try addressFile.map { try AddressFile($0) }
        let bar = ProgressBar(dataDir.map { "reading \($0)" } ?? "starting", json: json)
        defer { bar.clear() }
        let broker = try await EmbeddedBroker.start(configuration)
        if groupAssignmentDelayMs > 0 {
            var delay = BrokerFault(.delay(milliseconds: groupAssignmentDelayMs), of: [.syncGroup])
            delay.times = nil
            try await broker.inject(delay)
        }
        bar.clear()
        let address = "\(broker.listenAddress)"
        try file?.write(address)
        defer { file?.remove(address) }
        report("listening on \(address)", "listening", ["address": .string(address)])
        let first = await ends.first { _ in true }
        report(nil, "stopping")
        try await broker.stop()
        report(nil, "stopped")
        if case .failure(let error) = first { throw error }
    }

    /// Prints an event: a line for people, if it has one, or a line of JSON.
    private func report(_ line: String?, _ event: String, _ members: KeyValuePairs<String, JSONFragment> = [:]) {
        if json {
            printLine(JSONFragment.members(["event": .string(event)]).adding(members).text)
        } else if let line {
            printLine(line)
        }
    }

    /// The reason why the broker ends.
    private enum End {
        case signal
        case failure(any Error)
    }
}

/// The value of `--topic`: NAME:PARTITIONS.
struct TopicOption: ExpressibleByArgument {
    var name: String
    var partitionCount: Int32

    init?(argument: String) {
        // A topic's name has no colon in it.
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let count = Int32(parts[1]), count > 0 else { return nil }
        name = String(parts[0])
        partitionCount = count
    }
}

extension BrokerAddress {
    fileprivate init(option: String) throws {
        guard let address = BrokerAddress(option) else {
            throw ValidationError(
                "\(option) is no HOST:PORT that clients could connect to; an IPv6 address stands in brackets")
        }
        self = address
    }
}

extension JournalFlush {
    fileprivate init(option: String) throws {
        switch option {
        case "never": self = .never
        case "always": self = .always
        default:
            guard let milliseconds = Int64(option), milliseconds > 0 else {
                throw ValidationError("never, always or a number of milliseconds, not \(option)")
            }
            self = .every(milliseconds: milliseconds)
        }
    }
}

extension Logger.Level {
    /// Reads the value of an option.
    init(option: String) throws {
        guard let level = Logger.Level(rawValue: option) else { throw ValidationError("no log level: \(option)") }
        self = level
    }
}
