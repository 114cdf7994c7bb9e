import ClusterCore
import Logging
import NIOCore

/// The broker's state: the cluster, and the requests that wait for it to change. It belongs to one event loop, where all of its
/// methods are called. So does the cluster, which therefore needs no lock.
///
/// The path of a request: ``receive(_:from:)`` reads its header, ``perform(_:_:)`` finds its handler (Handlers/), which calls
/// the cluster; ``settle()`` then writes the cluster's changes to the journal, and only afterwards is anything answered.
final class Broker {
    let configuration: EmbeddedBrokerConfiguration
    let loop: any EventLoop
    let cluster: Cluster
    let logger: Logger
    let faults: FaultPlan
    /// The address at which clients find the broker.
    var port = 0

    private let clock: BrokerClock
    private let journal: Journal?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var longPolls = LongPolls()
    private var groupCalls: [GroupToken: Call] = [:]
    private var timer: Scheduled<Void>?
    private var timerMs: Int64?
    private var flushing: RepeatedTask?
    private var reportedFailure: (failure: StorageFailure, atMs: Int64)?
    private(set) var hasStopped = false

    init(
        _ configuration: EmbeddedBrokerConfiguration, cluster: Cluster, journal: Journal?, clock: BrokerClock,
        faults: FaultPlan, loop: any EventLoop
    ) {
        self.configuration = configuration
        self.cluster = cluster
        self.journal = journal
        self.clock = clock
        self.faults = faults
        self.loop = loop
        logger = configuration.logger
    }

    /// Creates the configured topics, and starts the timers.
    ///
    /// - Throws: if a topic does not exist and cannot be created, or its creation cannot be made durable.
    func start() throws {
        for topic in configuration.topics {
            do throws(KafkaError) {
                _ = try cluster.createTopic(topic, nowMs: nowMs)
            } catch {
                guard error.code == .topicAlreadyExists else { throw error }
            }
        }
        try journal?.append(cluster)
        if case .every(let milliseconds) = configuration.flush {
            let interval = TimeAmount.milliseconds(max(milliseconds, 1))
            let broker = NIOLoopBound(self, eventLoop: loop)
            flushing = loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                broker.value.flush()
            }
        }
        schedule()
    }

    var nowMs: Int64 { clock.nowMs }
    var connectionCount: Int { connections.count }
    var nodeID: Int32 { configuration.cluster.nodeID }

    /// The address at which the client is told to find the broker.
    func address(for call: Call) -> BrokerAddress {
        configuration.advertisedAddress ?? call.connection.localAddress
            ?? BrokerAddress(host: configuration.host, port: port)
    }

    // MARK: Connections

    func opened(_ connection: Connection) {
        if hasStopped {
            connection.close()
        } else {
            connections[ObjectIdentifier(connection)] = connection
        }
    }

    func closed(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
        longPolls.remove(of: connection)
        // Members whose connection closed stay until their session expires, as in Kafka.
    }

    /// Handles a request. The connection gets the answer, now or later, or is closed.
    func receive(_ frame: ByteBuffer, from connection: Connection) {
        guard !hasStopped else { return connection.close() }
        do {
            var body = frame
            let header = try RequestHeader(from: &body)
            guard let api = API(rawValue: header.apiKey) else {
                return connection.close(because: "a request with the unknown API key \(header.apiKey)")
            }
            let call = Call(header, api: api, connection: connection)
            guard api.versions.contains(header.version) else {
                guard api == .apiVersions else {
                    return connection.close(because: "a request \(api) of the unknown version \(header.version)")
                }
                return refuseVersion(of: header, on: connection)
            }
            try perform(call, body)
        } catch {
            connection.close(because: "a malformed request: \(error)")
        }
    }

    // MARK: Answers

    /// Answers with what the handler returns, once the cluster's changes are durable.
    func answer<Request: FallibleRequest>(
        _ call: Call, _ body: ByteBuffer, with handler: @escaping (Request, Call) -> Request.Response
    ) throws(MalformedMessage) {
        try answerLater(call, body) { (request: Request, call) in
            let response = handler(request, call)
            self.settle()
            call.answer(response)
        }
    }

    /// Permits the handler's answer, which may come later, but not before ``settle()``.
    func answerLater<Request: FallibleRequest>(
        _ call: Call, _ body: ByteBuffer, with handler: @escaping (Request, Call) -> Void
    ) throws(MalformedMessage) {
        let request = try Request.decode(body, version: call.version)
        guard !faults.isEmpty,
            let effect = faults.take(for: call.api, topics: request.topicNames(in: cluster), nowMs: nowMs)
        else { return handler(request, call) }
        switch effect {
        case .error(let code):
            call.answer(request.failed(KafkaError(code), version: call.version))
        case .delay(let milliseconds):
            loop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                if call.connection.isOpen && !self.hasStopped { handler(request, call) }
            }
        case .cutBefore:
            call.connection.close()
        case .cutAfter:
            call.losesAnswer = true
            handler(request, call)
        }
    }

    /// Makes the cluster's changes durable, then sends the answers that waited for them.
    func settle() {
        for failure in cluster.takeStorageFailures() { report(failure) }
        do {
            try journal?.append(cluster)
        } catch {
            return fail(error)
        }
        for completed in cluster.takeCompleted() {
            guard let call = groupCalls.removeValue(forKey: completed.token) else { continue }
            switch completed.answer {
            case .join(let answer): call.answer(JoinGroup.Response(answer))
            case .sync(let answer): call.answer(SyncGroup.Response(answer))
            }
        }
        for poll in longPolls.take(waitingFor: cluster.takeAdvanced()) {
            answerOrWait(poll)
        }
        schedule()
    }

    /// Answers the call when the cluster has completed it.
    func wait(for token: GroupToken, _ call: Call) {
        groupCalls[token] = call
    }

    /// Keeps a fetch until one of its partitions has more, or its time is over.
    func wait(_ poll: LongPoll) {
        let milliseconds = max(poll.deadlineMs.milliseconds(since: nowMs), 0)
        poll.timeout = loop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
            if self.longPolls.remove(poll) { self.answerNow(poll) }
        }
        longPolls.add(poll)
    }

    // MARK: Time

    /// Wakes the cluster when it next wants to be.
    private func schedule() {
        guard !hasStopped, let deadlineMs = cluster.nextDeadlineMs else { return }
        if let timerMs, timerMs <= deadlineMs { return }
        timer?.cancel()
        timerMs = deadlineMs
        timer = loop.assumeIsolated().scheduleTask(in: .milliseconds(max(deadlineMs.milliseconds(since: nowMs), 1))) {
            self.timerMs = nil
            guard !self.hasStopped else { return }
            self.cluster.tick(nowMs: self.nowMs)
            self.settle()
        }
    }

    // MARK: The end

    /// Closes all connections. Nothing more becomes durable.
    func stop() {
        guard !hasStopped else { return }
        hasStopped = true
        timer?.cancel()
        flushing?.cancel()
        groupCalls = [:]
        for connection in connections.values { connection.close() }
        connections = [:]
        journal?.close()
    }

    private func flush() {
        do {
            try journal?.flushNow()
        } catch {
            fail(error)
        }
    }

    /// Logs the storage's failures. A repeated failure is logged once a second, because the log may be on the full disk.
    private func report(_ failure: StorageFailure) {
        if let reportedFailure, reportedFailure.failure == failure,
            nowMs.milliseconds(since: reportedFailure.atMs) < 1_000
        {
            return
        }
        reportedFailure = (failure, nowMs)
        logger.error("\(failure)")
    }

    /// Changes that cannot be made durable must not be acknowledged.
    private func fail(_ error: any Error) {
        logger.critical("the broker stops: \(error)")
        stop()
        configuration.onFailure?(error)
    }
}
