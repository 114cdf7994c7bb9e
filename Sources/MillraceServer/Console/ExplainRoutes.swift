import Foundation
import HTTPTypes
import Hummingbird
import Millrace
import MillraceOperations
import MillraceRuntime
import NIOFoundationCompat

/// The answer to the question what became of a key's last record. Every instance reads the same log, so any of them answers; the owners
/// of the tasks are asked whether they are paused.
struct ExplainRoutes: RouteGroup {
    private let gather: InstanceGather
    private let limits: ServerLimits
    private let explanations: Slots

    private var application: StreamsApplication { gather.application }
    /// The longest wait for another instance.
    private static let ownerLimit = Duration.seconds(2)

    init(gather: InstanceGather, limits: ServerLimits) {
        self.gather = gather
        self.limits = limits
        explanations = Slots(limits.maxExplanations, "explanations")
    }

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/explain",
                summary:
                    "Says what became of a key's last record, and why: runs the log of its partition again in memory.",
                parameters: [
                    .query(
                        "key", .text(maxCount: Parameter.maxTextCount),
                        "The key, as the serde of the topic reads it.", example: "acct-1", isRequired: true),
                    KeyFormat.parameter,
                    .query("topic", .text(maxCount: 249), "The topic of the key, if the topology reads several."),
                    .query(
                        "partition", .integer(0...Int64(Int32.max)),
                        "The key's partition; by default that of Kafka's default partitioner."),
                    .query("from", .text(maxCount: 100), "The place where to begin: \(LogLocation.syntax)."),
                    .query(
                        "timeout", .number(1...86_400),
                        "Seconds within which the answer has to be known; the server's limit by default and at most."),
                ],
                replies: [
                    Route.Reply(
                        status: 200, summary: "The explanation.",
                        content: ["application/json": ConsoleSchema.explanation]),
                    .failure(400, "A parameter is wrong, or the key cannot be read."),
                    .failure(404, "There is no such topic, or the topology does not read it."),
                    .failure(429, "Other explanations are being made."),
                    .failure(502, "The broker has refused the read."),
                    .failure(503, "No broker answers."),
                    .failure(504, "The time was over before the answer was known."),
                ], answer: answer)
        ]
    }

    private func answer(_ request: RouteRequest) async throws -> Response {
        let parameters = request.parameters
        let timeout = parameters.number("timeout").map { min(.seconds($0), limits.maxTimeout) } ?? limits.maxTimeout
        let deadline = ContinuousClock.now.advanced(by: timeout)
        var configuration = application.configuration
        configuration.connectTimeout = min(configuration.connectTimeout, max(timeout, .milliseconds(1)))
        configuration.errorHandlers = application.givenErrorHandlers
        var explain = Explain(application.topology, configuration)
        explain.topic = parameters["topic"]
        explain.partition = parameters.integer("partition").map { Int32(clamping: $0) }
        if let text = parameters["from"] {
            guard let place = LogLocation(text, nowMs: currentMs()) else {
                throw Failure.badRequest("from must be \(LogLocation.syntax)", code: "parameter_invalid")
            }
            explain.from = place
        }
        explain.bounds.records = Int64(limits.maxExplanationRecords)
        explain.bounds.sizeInBytes = limits.maxExplanationSizeInBytes
        explain.deadline = deadline
        let text = parameters["key"] ?? ""
        let key = try KeyFormat(parameters).bytes(text).map(Explain.Key.bytes) ?? .typed(text)
        let prepared = explain
        let slot = try explanations.take()
        var explanation = try await blocking(in: slot) { () throws(OperationError) in try prepared.run(key: key) }
        explanation.take(await pauses(on: explanation.owners, request.head.headerFields[.authorization]))
        return .json(explanation.json.text)
    }

    private func pauses(
        on owners: Set<String>, _ authorization: String?
    ) async -> [String: Explanation.PauseAnswer] {
        await withTaskGroup(of: (String, Explanation.PauseAnswer).self) { group in
            for owner in owners { group.addTask { (owner, await pause(on: owner, authorization)) } }
            var answers: [String: Explanation.PauseAnswer] = [:]
            for await (owner, answer) in group { answers[owner] = answer }
            return answers
        }
    }

    private func pause(on owner: String, _ authorization: String?) async -> Explanation.PauseAnswer {
        guard let address = InstanceAddress(owner) else {
            return .unknown("the instance was given no --application-server, so it cannot be asked")
        }
        if address == gather.own.told { return .paused(Set(application.pausedSubtopologies)) }
        // No request is passed on to an address that is no instance's.
        guard gather.otherAddresses.contains(address) else { return .unknown("this instance does not know it") }
        do {
            let answer = try await gather.peers.ask(
                address, target: "/tasks", accept: "application/json", authorization: authorization,
                within: Self.ownerLimit)
            try answer.requireSuccess()
            let work = try JSONDecoder().decode(Work.self, from: Data(buffer: answer.body))
            guard let paused = work.instances.first?.pausedSubtopologies else {
                return .unknown("its answer does not say it")
            }
            return .paused(Set(paused))
        } catch let failure as Failure {
            return .unknown(failure.message)
        } catch {
            return .unknown("its answer cannot be read")
        }
    }

    /// The part of the answer to `GET /tasks` that matters here.
    private struct Work: Decodable {
        struct Instance: Decodable { var pausedSubtopologies: [Int]? }
        var instances: [Instance]
    }
}
