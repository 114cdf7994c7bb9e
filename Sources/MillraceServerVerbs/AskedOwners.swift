import ArgumentParser
import Millrace
import MillraceCommandLine
package import MillraceOperations

/// The owners of tasks, asked over HTTP: each at its own address, or all through the instance that `--server` names.
package struct AskedOwners: OwnerArguments {
    package static var discussion: String {
        "The owner of the key's task is asked whether it is paused: at its address, or through the instance of --server."
    }

    @OptionGroup var connection: ServerConnectionOptions

    package init() {}

    private static let limit = Duration.seconds(5)

    package func pauses(on owners: Set<String>) async -> [String: Explanation.PauseAnswer] {
        var answers: [String: Explanation.PauseAnswer] = [:]
        for owner in owners { answers[owner] = await pause(on: owner) }
        return answers
    }

    private func pause(on owner: String) async -> Explanation.PauseAnswer {
        guard InstanceAddress(owner) != nil else {
            return .unknown("the instance was given no --application-server, so it cannot be asked")
        }
        do {
            let server = try connection.connection(otherwise: owner)
            let report = try await server.get("/tasks", within: Self.limit, as: InstancesReport<InstanceWork>.self)
            guard let instance = report.instances.first(where: { $0.address == owner }) else {
                return .unknown("\(server.address) does not know the instance")
            }
            guard let paused = instance.pausedSubtopologies else {
                return .unknown(instance.error?.message ?? "its answer does not say it")
            }
            return .paused(Set(paused))
        } catch let error as OperationError {
            return .unknown(error.description)
        } catch let error as ValidationError {
            return .unknown(error.message)
        } catch {
            return .unknown("\(error)")
        }
    }
}
