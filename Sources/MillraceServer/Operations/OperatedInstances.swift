import HTTPTypes
import Hummingbird
import Millrace
import MillraceRuntime
import NIOCore
import NIOHTTP1

/// The instances of the application as an operation addresses them: this one, another one, or all.
///
/// Whatever is done on other instances is passed on with the caller's token, which each of them checks again. The answer is
/// `{"complete": …, "instances": […]}` with an object for each addressed instance. If one of them has not done it, the object has an
/// `error`, `complete` is false and the status is 502: nobody takes half of the work for all of it.
struct OperatedInstances: Sendable {
    let application: StreamsApplication
    let peers: PeerClient
    let own: OwnAddress

    /// The instances that an operation addresses if the request names none.
    enum Scope {
        case this
        case all
    }

    /// The parameter that names one instance.
    static let instance = Parameter.query(
        "instance", .text(maxCount: 300), "The address HOST:PORT of the only instance that is to do it.")

    /// Does something on the instances that a request addresses.
    ///
    /// - Parameters:
    ///   - scope: the instances if the request names none.
    ///   - target: the path and query of the same operation on another instance.
    ///   - limit: the longest wait for another instance.
    ///   - action: does it here, and returns the members of this instance's object.
    func perform(
        _ request: RouteRequest, on scope: Scope, target: String, within limit: Duration = .seconds(5),
        _ action: () async throws -> [(String, String?)]
    ) async throws -> Response {
        let authorization = request.head.headerFields[.authorization]
        let named = request.isForwarded ? nil : request.parameters["instance"]
        if let address = try named.map(known), address != own.shown {
            return response([try await ask(address, target, authorization, limit)], failed: [])
        }
        if request.isForwarded || named != nil || scope == .this {
            return response([here(isHere: !request.isForwarded, try await action())], failed: [])
        }
        guard !application.instances.isEmpty || application.state == .running else {
            throw Failure(
                .serviceUnavailable, "not_running",
                "the instance has not joined its group, so it does not know the others; name it as ?instance=HOST:PORT")
        }
        let first = here(isHere: true, try await action())
        let answers = await ask(others, target, authorization, limit)
        let nameless = [Result<String, Failure>](
            repeating: .failure(
                Failure(.badGateway, "address_unknown", "the instance was given no --application-server")),
            count: max(0, application.instanceCountWithoutAddress - (own.told == nil ? 1 : 0)))
        var elements = [first]
        var failed: [String] = []
        for (address, answer) in answers + nameless.map({ (nil, $0) }) {
            switch answer {
            case .success(let element): elements.append(element)
            case .failure(let failure):
                elements.append(Self.element(failure, address))
                failed.append(failure.message)
            }
        }
        return response(elements, failed: failed)
    }

    private var others: [InstanceAddress] {
        application.instances.compactMap(\.address).filter { $0 != own.told }
            .sorted { $0.description < $1.description }
    }

    /// Returns the address of an instance of the application. No request is passed on to any other address.
    private func known(_ text: String) throws(Failure) -> InstanceAddress {
        guard let address = InstanceAddress(text) else {
            throw .badRequest("instance must be HOST:PORT", code: "parameter_invalid")
        }
        guard address == own.shown || others.contains(address) else {
            throw Failure(.notFound, "instance_unknown", "the application has no instance at \(address)")
        }
        return address
    }

    private func here(isHere: Bool, _ members: [(String, String?)]) -> String {
        JSON.object(
            [
                ("address", own.shown.map { JSON.quoted($0.description) }), ("isHere", "\(isHere)"),
                ("state", JSON.quoted(application.state.rawValue)),
            ] + members)
    }

    // MARK: Other instances

    private func ask(
        _ addresses: [InstanceAddress], _ target: String, _ authorization: String?, _ limit: Duration
    ) async -> [(InstanceAddress?, Result<String, Failure>)] {
        await withTaskGroup(of: (Int, Result<String, Failure>).self) { group in
            for (index, address) in addresses.enumerated() {
                group.addTask {
                    do {
                        return (index, .success(try await ask(address, target, authorization, limit)))
                    } catch {
                        return (index, .failure(Failure(error)))
                    }
                }
            }
            var answers: [(Int, Result<String, Failure>)] = []
            for await answer in group { answers.append(answer) }
            return answers.sorted { $0.0 < $1.0 }.map { (addresses[$0.0], $0.1) }
        }
    }

    /// Passes an operation on. Returns the other instance's object.
    private func ask(
        _ address: InstanceAddress, _ target: String, _ authorization: String?, _ limit: Duration
    ) async throws -> String {
        let answer = try await peers.ask(
            address, method: .POST, target: target, accept: "application/json", authorization: authorization,
            within: limit)
        try answer.requireSuccess()
        let text = String(buffer: answer.body)
        guard text.hasPrefix(Self.completePrefix), text.hasSuffix(Self.suffix) else {
            throw Failure(.badGateway, "instance_failed", "the instance at \(address) gave an unexpected answer")
        }
        return String(text.dropFirst(Self.completePrefix.count).dropLast(Self.suffix.count))
    }

    // MARK: The answer

    private static let completePrefix = #"{"complete": true, "instances": ["#
    private static let suffix = "]}"

    private func response(_ elements: [String], failed: [String]) -> Response {
        let list = elements.joined(separator: ", ")
        if failed.isEmpty { return .json(Self.completePrefix + list + Self.suffix) }
        let message =
            "\(failed.count) of \(elements.count) instances have not done it: \(failed.joined(separator: "; "))"
        return .json(
            JSON.object([
                ("complete", "false"), ("code", JSON.quoted("instances_failed")), ("message", JSON.quoted(message)),
                ("instances", "[\(list)]"),
            ]), status: .badGateway)
    }

    private static func element(_ failure: Failure, _ address: InstanceAddress?) -> String {
        JSON.object([
            ("address", address.map { JSON.quoted($0.description) }), ("isHere", "false"),
            ("state", JSON.quoted("unreachable")), ("error", failure.json),
        ])
    }

    // MARK: The description

    /// The replies of an operation, for the OpenAPI document.
    ///
    /// - Parameter members: the schemas of what an instance that has done it tells.
    static func replies(_ members: [String: String]) -> [Route.Reply] {
        let flag = #"{"type": "boolean"}"#
        let optional = members.merging(["address": Schema.text, "error": Schema.error]) { $1 }
        let instances = Schema.list(Schema.object(["isHere": flag, "state": Schema.text], optional: optional))
        return [
            Route.Reply(
                status: 200, summary: "The addressed instances have done it.",
                content: ["application/json": Schema.object(["complete": flag, "instances": instances])]),
            .failure(403, "The server has no token file, or the token does not give the right to operate."),
            .failure(404, "There is no such instance, sub-topology or thread."),
            Route.Reply(
                status: 502, summary: "Some instances have done it, others cannot be reached or have refused it.",
                content: [
                    "application/json": Schema.object(
                        ["code": Schema.text, "message": Schema.text],
                        optional: ["complete": flag, "instances": instances])
                ]),
            .failure(503, "The instance starts or stops, or cannot be reached."),
            .failure(504, "The instance did not answer in time."),
        ]
    }
}
