import HTTPTypes
import Hummingbird
import Millrace
import MillraceRuntime

/// Asks all instances for their part of an answer, so that a page needs one address only.
///
/// The answer is `{"instances": […]}` with an object for each instance. An instance that does not answer has an `error` in its
/// place. A request that another instance has passed on is answered with this instance's object alone.
struct InstanceGather: Sendable {
    let application: StreamsApplication
    let peers: PeerClient
    let own: OwnAddress

    private static let limit = Duration.seconds(2)
    private static let prefix = #"{"instances": ["#
    private static let suffix = "]}"

    /// Returns the response to a request.
    ///
    /// - Parameters:
    ///   - target: the path that other instances are asked for.
    ///   - members: returns the members of this instance's object.
    func response(
        to request: RouteRequest, target: String, _ members: () -> [(String, String?)]
    ) async -> Response {
        let here = JSON.object(
            [
                ("address", own.shown.map { JSON.quoted($0.description) }), ("isHere", "\(!request.isForwarded)"),
                ("state", JSON.quoted(application.state.rawValue)),
            ] + members())
        let others =
            request.isForwarded ? [] : await ask(otherAddresses, target, request.head.headerFields[.authorization])
        return .json(Self.prefix + ([here] + others).joined(separator: ", ") + Self.suffix)
    }

    var otherAddresses: [InstanceAddress] {
        application.instances.compactMap(\.address).filter { $0 != own.told }
            .sorted { $0.description < $1.description }
    }

    private func ask(_ addresses: [InstanceAddress], _ target: String, _ authorization: String?) async -> [String] {
        await withTaskGroup(of: (Int, String).self) { group in
            for (index, address) in addresses.enumerated() {
                group.addTask {
                    do {
                        let answer = try await peers.ask(
                            address, target: target, accept: "application/json", authorization: authorization,
                            within: Self.limit)
                        return (index, try Self.element(of: answer, from: address))
                    } catch {
                        return (index, Self.element(Failure(error), address))
                    }
                }
            }
            var elements: [(Int, String)] = []
            for await element in group { elements.append(element) }
            return elements.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// Takes the only object out of another instance's answer.
    private static func element(of answer: PeerClient.Answer, from address: InstanceAddress) throws(Failure) -> String {
        let text = String(buffer: answer.body)
        guard answer.status == 200, text.hasPrefix(prefix), text.hasSuffix(suffix) else {
            throw Failure(
                .badGateway, "instance_failed", "the instance at \(address) answered with status \(answer.status)")
        }
        return String(text.dropFirst(prefix.count).dropLast(suffix.count))
    }

    private static func element(_ failure: Failure, _ address: InstanceAddress) -> String {
        JSON.object([
            ("address", JSON.quoted(address.description)), ("isHere", "false"), ("state", JSON.quoted("unreachable")),
            ("error", failure.json),
        ])
    }
}
