import Foundation
import HTTPTypes
import Hummingbird
import Millrace
import MillraceConnectRuntime
import NIOCore
import NIOFoundationCompat

/// The connectors of a worker: how they are, in all processes, and the orders of an operator.
struct ConnectorRoutes: RouteGroup {
    let worker: ConnectWorker
    let peers: PeerClient
    let listening: ListeningAddress

    private static let limit = Duration.seconds(2)

    var routes: [Route] {
        [
            Route(
                method: .get, path: "/connectors",
                summary:
                    "Lists the connectors with their states and tasks, merged over all processes, with those that cannot be asked.",
                replies: [
                    Route.Reply(
                        status: 200, summary: "The connectors.",
                        content: ["application/json": ConnectorSchema.report])
                ], answer: { try Self.json(await report($0)) }),
            Route(
                method: .get, path: "/connectors/{connector}/status",
                summary: "Describes a connector and its tasks, merged over all processes that have a server.",
                parameters: [.path("connector", "The connector's name.", example: "orders")],
                replies: [
                    Route.Reply(
                        status: 200, summary: "The connector.",
                        content: ["application/json": ConnectorSchema.connector]),
                    .failure(404, "There is no such connector."),
                ],
                answer: { request in
                    let name = try request.parameters.pathText("connector")
                    guard let connector = await report(request).connectors.first(where: { $0.name == name }) else {
                        throw unknown(name)
                    }
                    return try Self.json(connector)
                }),
        ]
            + [
                (ConnectorOrder.pause, "Pauses a connector or a task in all processes, until it is resumed."),
                (.resume, "Has a connector or a task go on in all processes."),
                (.restart, "Has a connector or a task begin anew from its last commit, also after a failure."),
            ].map(route)
    }

    private func route(_ order: ConnectorOrder, _ summary: String) -> Route {
        Route(
            method: .post, path: "/connectors/{connector}/\(order.rawValue)", summary: summary, permission: .operate,
            parameters: [
                .path("connector", "The connector's name.", example: "orders"),
                .query("task", .text(maxCount: 300), "The name of a part; without it all of the connector."),
            ],
            replies: [
                Route.Reply(
                    status: 200, summary: "The order is written down; every process follows it within moments.",
                    content: ["application/json": Schema.object(["connector": Schema.text, "order": Schema.text])]),
                .failure(403, "The server has no token file, or the token does not give the right to operate."),
                .failure(404, "There is no such connector or task."),
                .failure(503, "The worker starts or stops, or the order cannot be written down."),
            ],
            answer: { request in
                let name = try request.parameters.pathText("connector")
                guard let connector = worker.status.first(where: { $0.name == name }) else { throw unknown(name) }
                let task = request.parameters["task"]
                if let task, !(connector.parts ?? [name]).contains(task) {
                    throw Failure(.notFound, "task_unknown", "\(name) has no task \(task)")
                }
                do { try await worker.order(order, name, task) } catch let error as StreamsError {
                    throw Failure(.serviceUnavailable, "order_failed", error.message)
                }
                return .json(
                    JSON.object([("connector", JSON.quoted(name)), ("order", JSON.quoted(order.rawValue))]))
            })
    }

    private func unknown(_ name: String) -> Failure {
        Failure(.notFound, "connector_unknown", "there is no connector \(name.prefix(100))")
    }

    // MARK: All processes

    private func report(_ request: RouteRequest) async -> ConnectorsReport {
        let own = WorkerProcess(
            name: worker.processName, address: worker.configuration.serverAddress ?? listening.current)
        var report = ConnectorsReport(worker.status, process: own, differences: worker.differences)
        if request.isForwarded { return report }
        guard let others = worker.otherProcesses else {
            report.complete = false
            return report
        }
        let authorization = request.head.headerFields[.authorization]
        let answers = await withTaskGroup(of: (WorkerProcess, Result<ConnectorsReport, Failure>).self) { group in
            for process in others {
                group.addTask {
                    do { return (process, .success(try await ask(process, authorization))) } catch {
                        return (process, .failure(Failure(error)))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0.name < $1.0.name }
        }
        for (process, answer) in answers {
            switch answer {
            case .success(let other): report.add(other)
            case .failure(let failure): report.add(silent: process, failure.message)
            }
        }
        report.addUnassigned()
        return report
    }

    private func ask(_ process: WorkerProcess, _ authorization: String?) async throws -> ConnectorsReport {
        guard let address = process.address else {
            throw Failure(.badGateway, "instance_unreachable", "it has no server that others can reach")
        }
        let answer = try await peers.ask(
            address, target: "/connectors", accept: "application/json", authorization: authorization,
            within: Self.limit)
        try answer.requireSuccess()
        do { return try JSONDecoder().decode(ConnectorsReport.self, from: Data(buffer: answer.body)) } catch {
            throw Failure(.badGateway, "instance_failed", "the process at \(address) gave an unexpected answer")
        }
    }

    private static func json(_ value: some Encodable) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .json(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
